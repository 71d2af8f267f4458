"""Checking a database that was put back into a temporary place: is it whole, and does it agree with its manifest?"""

from collections.abc import Iterator

from veche.domain.operation.backups import Kept, Manifest
from veche.storage.engines import Run
from veche.storage.operation.standing import contents, head, schema

_POSITIONS = {"position", "since_position", "read_position", "event_position", "uploaded"}
_MOST_FAULTS = 10
_REFERENCES = (
    ("devices", "user_id", "accounts", "user_id"),
    ("memberships", "room_id", "rooms", "room_id"),
    ("aliases", "room_id", "rooms", "room_id"),
    ("events", "room_id", "rooms", "room_id"),
    ("state_history", "position", "events", "position"),
    ("current_state", "position", "events", "position"),
    ("thread_events", "position", "events", "position"),
    ("media_in_rooms", "media_id", "media", "media_id"),
    ("media_in_profiles", "media_id", "media", "media_id"),
    ("media_links", "media_id", "media", "media_id"),
)
"""Which column names a row of which other table."""


def faults(run: Run, manifest: Manifest, listed: list[Kept]) -> Iterator[str]:
    """Say what is wrong with an SQLite database, in sentences; ``listed`` are the contents of the backup."""
    for (told,) in run(f"PRAGMA integrity_check({_MOST_FAULTS})"):
        if told != "ok":
            yield f"the database is damaged: {told}"
    if (found := (head(run), schema(run))) != (manifest.position, manifest.schema):
        yield f"the database is at position {found[0]} of schema {found[1]}, the manifest says otherwise"
    yield from _wrong_counts(run, manifest)
    yield from _late_positions(run, manifest)
    yield from _dangling(run, manifest)
    known = {kept.digest for kept in listed}
    yield from (
        f"no file of the backup has the contents {kept.digest}" for kept in contents(run) if kept.digest not in known
    )


def _wrong_counts(run: Run, manifest: Manifest) -> Iterator[str]:
    for name, table in manifest.tables.items():
        ((rows,),) = run(f'SELECT COUNT(*) FROM "{name}"')
        if rows != table.rows:
            yield f"the table {name} has {rows:,} rows, not {table.rows:,}"


def _late_positions(run: Run, manifest: Manifest) -> Iterator[str]:
    for name, table in manifest.tables.items():
        for column in _POSITIONS & set(table.columns):
            ((newest,),) = run(f'SELECT COALESCE(MAX("{column}"), 0) FROM "{name}"')
            if newest > manifest.position:
                yield f"the table {name} goes to position {newest}, the log only to {manifest.position}"


def _dangling(run: Run, manifest: Manifest) -> Iterator[str]:
    for child, column, parent, key in _REFERENCES:
        if {child, parent} <= manifest.tables.keys():
            missing = f'SELECT 1 FROM "{parent}" WHERE "{parent}"."{key}" = "{child}"."{column}"'
            ((rows,),) = run(f'SELECT COUNT(*) FROM "{child}" WHERE NOT EXISTS ({missing})')
            if rows:
                yield f"{rows:,} rows of {child} speak of what is not in {parent}"
