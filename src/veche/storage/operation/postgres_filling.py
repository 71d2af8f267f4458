"""Filling a PostgreSQL database from a backup, in one transaction: tables, rows by COPY, then indexes."""

import tempfile
from pathlib import Path

import apsw
import psycopg

from veche.storage.engines import Engine, Row, StorageFault
from veche.storage.engines.postgres import PostgresEngine
from veche.storage.operation.covers import Plain
from veche.storage.operation.faults import BackupFault
from veche.storage.operation.files import write_file
from veche.storage.operation.manifests import Backup
from veche.storage.operation.names import DATABASE, table_file
from veche.storage.operation.pace import Pace
from veche.storage.operation.plan import Filling
from veche.storage.operation.standing import RESTORE

Open = psycopg.Connection[Row]


def fill(engine: Engine, filling: Filling) -> None:
    """Fill a database that holds no table yet, or only what an earlier try of the same restore left."""
    assert isinstance(engine, PostgresEngine)
    try:
        with engine.open() as connection, connection.transaction():
            _expect_empty(connection, filling.mark)
            for statement in filling.tables:
                connection.execute(statement.encode())
            _fill_tables(connection, filling)
            for statement in filling.indexes:
                connection.execute(statement.encode())
            filling.finish(lambda sql, params=(): _rows(connection, sql, params))
    except psycopg.Error as fault:
        raise StorageFault(f"the database could not be filled: {' '.join(str(fault).split())}") from fault


def _expect_empty(connection: Open, mark: str) -> None:
    found = {
        name for (name,) in _rows(connection, "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    }
    if not found:
        return
    facts = "SELECT 1 FROM server_facts WHERE name = ? AND value = ?"
    if "server_facts" not in found or not _rows(connection, facts, (RESTORE, mark)):
        raise BackupFault("the PostgreSQL database is not empty")
    for name in found:
        connection.execute(f'DROP TABLE "{name}"'.encode())


def _fill_tables(connection: Open, filling: Filling) -> None:
    backup = filling.backup
    if backup.manifest.engine == "postgres":
        for name in backup.manifest.tables:
            _copy_in(connection, backup, name)
        return
    with tempfile.TemporaryDirectory(dir=filling.work) as folder:
        path = Path(folder) / DATABASE
        write_file(path, DATABASE, backup.parts(backup.file(DATABASE)), Plain(), Pace(hurries=True))
        database = apsw.Connection(str(path))
        try:
            for name in backup.manifest.tables:
                _translate_in(connection, backup, name, database)
        finally:
            database.close()


def _copy_in(connection: Open, backup: Backup, name: str) -> None:
    with connection.cursor().copy(_into(backup, name)) as copy:
        for part in backup.parts(backup.file(table_file(name))):
            copy.write(part)


def _translate_in(connection: Open, backup: Backup, name: str, database: apsw.Connection) -> None:
    columns = backup.manifest.tables[name].columns
    found = _rows(
        connection,
        "SELECT CAST(attname AS TEXT), format_type(atttypid, NULL) FROM pg_attribute"
        " WHERE attrelid = to_regclass(?) AND attnum > 0",
        (f'"{name}"',),
    )
    kinds: dict[str, str] = dict(found)
    listed = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor().copy(_into(backup, name)) as copy:
        copy.set_types([kinds[column] for column in columns])
        for row in database.execute(f'SELECT {listed} FROM "{name}"'):
            copy.write_row(row)


def _into(backup: Backup, name: str) -> bytes:
    listed = ", ".join(f'"{column}"' for column in backup.manifest.tables[name].columns)
    return f'COPY "{name}" ({listed}) FROM STDIN (FORMAT binary)'.encode()


def _rows(connection: Open, sql: str, params: Row = ()) -> list[Row]:
    found = connection.execute(sql.replace("?", "%s").encode(), params)
    return found.fetchall() if found.description else []
