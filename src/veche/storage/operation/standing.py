"""What a backup asks a database: where it stands, which contents it refers to; and what a restore changes in it."""

from collections.abc import Iterator

import msgspec

from veche.base import json
from veche.domain.ids import Position
from veche.domain.operation.backups import Kept, Outcome
from veche.storage.engines import Run
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

RESTORE = "restore"
"""Under this name the facts of the server say which restore the database comes from."""
LAST = "last_backup"
"""And under this one how the last backup ended."""
AT_ONCE = 1_000
_PUT = "INSERT INTO server_facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
_CONTENTS = (
    "SELECT digest, MAX(size) FROM (SELECT digest, size FROM media WHERE removed_ts IS NULL AND digest > ?"
    " UNION ALL SELECT digest, size FROM thumbnails WHERE digest > ?) AS kept"
    " GROUP BY digest ORDER BY digest LIMIT ?"
)


def head(run: Run) -> Position:
    """Return the newest position."""
    return Position(run("SELECT position FROM log_head")[0][0])


def schema(run: Run) -> int:
    """Return the number of the newest migration."""
    return int(run("SELECT COALESCE(MAX(number), 0) FROM schema_steps")[0][0])


def contents(run: Run) -> Iterator[Kept]:
    """Return every content that some row needs: files that are there, and thumbnails."""
    last = ""
    while found := run(_CONTENTS, (last, last, AT_ONCE)):
        yield from (Kept(digest, size) for digest, size in found)
        last = found[-1][0]


def go_on_from(run: Run, position: Position, mark: str) -> None:
    """Make a backup's database one that goes on.

    One-time keys are forgotten: some were given out after the backup was made, and nobody must be given one twice.
    Devices see that none is left and bring new ones.
    """
    run("UPDATE log_head SET position = ?", (position,))
    run("DELETE FROM one_time_keys")
    run(_PUT, (RESTORE, mark))


def note_outcome(tx: Transaction, outcome: Outcome) -> None:
    """Write down how a backup ended."""
    tx.run(_PUT, LAST, json.encode(outcome).decode())


def last_outcome(rows: Rows) -> Outcome | None:
    """Return how the last backup ended."""
    row = rows.one("SELECT value FROM server_facts WHERE name = ?", LAST)
    return msgspec.json.decode(row[0], type=Outcome) if row else None
