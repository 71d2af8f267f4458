"""Copying a PostgreSQL database: one snapshot, and each table by COPY into a file in PostgreSQL's binary form."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg

from veche.domain.operation.backups import Table
from veche.storage.engines import Connection, Engine, StorageFault
from veche.storage.engines.postgres import PostgresEngine
from veche.storage.operation.covers import Plain
from veche.storage.operation.files import PRIVATE_FOLDER, write_file
from veche.storage.operation.names import TABLES, table_file
from veche.storage.operation.pace import Pace

PART = 2**15
"""Bytes that are gathered from COPY, which gives row after row, before they are written."""
_OURS = "FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
_WHICH = "WHERE nspname = current_schema() AND relkind = 'r'"
_TABLES = (
    f"SELECT CAST(relname AS TEXT), CAST(attname AS TEXT) {_OURS} JOIN pg_attribute ON attrelid = pg_class.oid"
    f" {_WHICH} AND attnum > 0 AND NOT attisdropped ORDER BY relname, attnum"
)
_SIZE = f"SELECT CAST(COALESCE(SUM(pg_table_size(pg_class.oid)), 0) AS BIGINT) {_OURS} {_WHICH}"


def copy_database(engine: Engine, folder: Path, pace: Pace, look: Callable[[Connection], None]) -> dict[str, Table]:
    """Copy each table into a file in the folder ``tables``; ``look`` sees the same snapshot."""
    assert isinstance(engine, PostgresEngine)
    (folder / TABLES).mkdir(PRIVATE_FOLDER)
    seeing = engine.connect(writes=True)
    try:
        seeing.begin_read()
        snapshot = str(seeing.rows("SELECT pg_export_snapshot()")[0][0])
        pace.expect_room(folder, int(seeing.rows(_SIZE)[0][0]))
        look(seeing)
        columns: dict[str, list[str]] = {}
        for table, column in seeing.rows(_TABLES):
            columns.setdefault(table, []).append(column)
        with engine.open() as copying, copying.transaction():
            copying.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            copying.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'".encode())
            return {name: _copy_table(copying, name, columns[name], folder, pace) for name in columns}
    except psycopg.Error as fault:
        raise StorageFault(f"the database could not be copied: {' '.join(str(fault).split())}") from fault
    finally:
        seeing.rollback()
        seeing.close()


def _copy_table(
    connection: "psycopg.Connection[tuple[object, ...]]", name: str, columns: list[str], folder: Path, pace: Pace
) -> Table:
    listed = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        with cursor.copy(f'COPY "{name}" ({listed}) TO STDOUT (FORMAT binary)'.encode()) as copy:
            write_file(folder / table_file(name), name, _parts(copy, pace), Plain(), pace, lasts=False)
        return Table(tuple(columns), cursor.rowcount)


def _parts(copy: psycopg.Copy, pace: Pace) -> Iterator[bytes]:
    """Gather what comes row by row, and rest often: each row takes the interpreter's lock once more."""
    gathered, size = list[bytes | bytearray | memoryview](), 0
    for row in copy:
        gathered.append(row)
        size += len(row)
        if size >= PART:
            yield b"".join(gathered)
            gathered, size = [], 0
            pace.beat()
    yield b"".join(gathered)
