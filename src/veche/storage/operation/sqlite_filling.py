"""Filling an SQLite database from a backup: beside its place, and moved there once it is whole and on the disk."""

import os
from pathlib import Path

import apsw

from veche.storage.engines import Engine, StorageFault
from veche.storage.engines.sqlite import SqliteConnection, SqliteEngine, translated
from veche.storage.operation.copied_rows import Kind, rows
from veche.storage.operation.covers import Plain
from veche.storage.operation.faults import BackupFault
from veche.storage.operation.files import sync_file, sync_folder, write_file
from veche.storage.operation.manifests import Backup
from veche.storage.operation.names import DATABASE, table_file
from veche.storage.operation.pace import Pace
from veche.storage.operation.plan import Filling

_KINDS: dict[str, Kind] = {"INTEGER": "number", "BIGINT": "number", "TEXT": "text", "BLOB": "bytes"}
_FAST = ("journal_mode = OFF", "synchronous = OFF", "cache_size = -65536")


def fill(engine: Engine, filling: Filling) -> None:
    """Make the database file; there must be none yet."""
    assert isinstance(engine, SqliteEngine)
    path, backup = engine.path, filling.backup
    if path.exists():
        raise BackupFault(f"{path} exists already")
    beside = path.with_name(path.name + ".restoring")
    for left in (beside, *_logs(beside)):
        left.unlink(missing_ok=True)
    if backup.manifest.engine == "sqlite":
        write_file(beside, DATABASE, backup.parts(backup.file(DATABASE)), Plain(), Pace(hurries=True))
    else:
        beside.touch(0o600)
        _fill_from_tables(beside, filling)
    _finish(beside, filling)
    os.replace(beside, path)
    sync_folder(path.parent)


def _fill_from_tables(path: Path, filling: Filling) -> None:
    database = apsw.Connection(str(path))
    try:
        for pragma in _FAST:
            database.execute(f"PRAGMA {pragma}").fetchall()
        with database:
            for statement in filling.tables:
                database.execute(statement)
            for name in filling.backup.manifest.tables:
                _fill_table(database, filling.backup, name)
            for statement in filling.indexes:
                database.execute(statement)
    except apsw.Error as fault:
        raise StorageFault(str(translated(fault, database.system_errno))) from fault
    finally:
        database.close()


def _fill_table(database: apsw.Connection, backup: Backup, name: str) -> None:
    columns = backup.manifest.tables[name].columns
    found = database.execute("SELECT name, type FROM pragma_table_info(?)", (name,))
    kinds = {column: _KINDS[kind] for column, kind in found}
    listed, marks = ", ".join(f'"{column}"' for column in columns), ", ".join("?" * len(columns))
    database.executemany(
        f'INSERT INTO "{name}" ({listed}) VALUES ({marks})',
        rows(backup.parts(backup.file(table_file(name))), [kinds[column] for column in columns]),
    )


def _finish(path: Path, filling: Filling) -> None:
    """Change what else is to be changed, and leave the file whole without its log."""
    connection = SqliteConnection(str(path), vfs=None, longest_read=None)
    try:
        connection.begin_write()
        filling.finish(connection.rows)
        connection.commit()
        connection.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.rollback()
        connection.close()
    sync_file(path)


def _logs(path: Path) -> list[Path]:
    return [path.with_name(path.name + ending) for ending in ("-wal", "-shm", "-journal")]
