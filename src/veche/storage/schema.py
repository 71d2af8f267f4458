"""Brings a database to this code's schema, one numbered migration at a time, each in its own transaction."""

import re
from importlib import resources

from veche.storage.engines import Connection, Engine, StorageFault

_NUMBERED = re.compile(r"(\d{4})_[a-z_]+\.sql\Z")
_STEPS = "CREATE TABLE IF NOT EXISTS schema_steps (number BIGINT PRIMARY KEY)"
_INSERTS = re.compile(r"\s*INSERT\s")
_INDEX = re.compile(r"\s*(CREATE|DROP) (UNIQUE )?INDEX\s")


def migrate(engine: Engine) -> int:
    """Apply the migrations that are missing; return the schema's number.

    A database newer than this code is refused with ``StorageFault``.
    """
    connection = engine.connect(writes=True)
    try:
        applied = _applied(connection)
        steps = migrations()
        if applied > len(steps):
            raise StorageFault(f"the database has schema {applied}; this version of Veche knows only {len(steps)}")
        for number, (_, text) in enumerate(steps[applied:], applied + 1):
            _apply(connection, engine.script(text), number)
        return len(steps)
    finally:
        connection.close()


def layout(engine: Engine, number: int) -> tuple[list[str], list[str]]:
    """Return the statements that make the empty tables of schema ``number``, and those that make their indexes."""
    made = [_STEPS]
    for _, text in migrations()[:number]:
        made += engine.script(text)
    laid = [statement for statement in made if not _INSERTS.match(statement)]
    indexes = [statement for statement in laid if _INDEX.match(statement)]
    return [statement for statement in laid if statement not in indexes], indexes


def migrations() -> list[tuple[str, str]]:
    """Return (file name, text) of all migrations in order; their numbers are 1, 2, 3 without gaps."""
    folder = resources.files("veche.storage.migrations")
    found = sorted(entry.name for entry in folder.iterdir() if _NUMBERED.match(entry.name))
    for number, name in enumerate(found, 1):
        if int(name[:4]) != number:
            raise StorageFault(f"migration {name} should bear the number {number:04d}")
    return [(name, (folder / name).read_text()) for name in found]


def _applied(connection: Connection) -> int:
    connection.begin_write()
    try:
        connection.rows(_STEPS)
        row = connection.rows("SELECT COALESCE(MAX(number), 0) FROM schema_steps")
        connection.commit()
        return int(row[0][0])
    finally:
        connection.rollback()


def _apply(connection: Connection, statements: list[str], number: int) -> None:
    connection.begin_write()
    try:
        # Another process may have applied this step while we waited for the lock.
        if connection.rows(
            "INSERT INTO schema_steps (number) VALUES (?) ON CONFLICT DO NOTHING RETURNING 1", (number,)
        ):
            for statement in statements:
                connection.rows(statement)
            connection.commit()
    finally:
        connection.rollback()
