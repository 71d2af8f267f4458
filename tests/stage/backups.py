"""Backups under test: made of a world, put back elsewhere, and what two databases hold held against each other."""

from pathlib import Path
from typing import Any

from tests.stage.databases import Place
from tests.stage.world import World
from veche.app.parts import open_engine
from veche.app.settings import defaults
from veche.app.stores import open_blobs
from veche.commands.operation.backing_up import back_up
from veche.commands.operation.restoring import Restored, Stores, find_backup, restore
from veche.domain.operation.backups import Outcome, Wish
from veche.domain.sessions import OPERATOR
from veche.storage.engines import Connection, Engine
from veche.storage.operation.manifests import Backup

Rows = dict[str, list[tuple[Any, ...]]]


async def make(world: World, folder: Path, passphrase: str | None = None, keeps: int | None = None) -> Outcome:
    """Make a backup and return how that ended."""
    return await back_up(world.commands, OPERATOR, Wish(str(folder), passphrase, keeps=keeps))


async def made(world: World, folder: Path, passphrase: str | None = None, keeps: int | None = None) -> Path:
    """Make a backup and return where it is."""
    outcome = await make(world, folder, passphrase, keeps)
    assert outcome.fault is None
    return Path(outcome.folder)


def opened(folder: Path, passphrase: str = "") -> Backup:
    """Open a backup."""
    return find_backup(folder, lambda: passphrase)


async def put_back(backup: Backup, place: Place, now: int = 0, *, leaves_out: bool = False) -> Restored:
    """Restore a backup into a place whose database is empty."""
    values = defaults() | {"database": place.database}

    def stores() -> Stores:
        return Stores(open_engine(values, place.data), open_blobs(values, place.data))

    return await restore(backup, place.data, stores, now, leaves_out=leaves_out, tell=lambda stage: None)


def rows_of(engine: Engine) -> Rows:
    """Return all rows of all tables, by table."""
    connection = engine.connect(writes=False)
    try:
        return {table: _rows(connection, table) for table in _tables(connection, engine.name)}
    finally:
        connection.close()


def _tables(connection: Connection, engine: str) -> list[str]:
    sql = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        "postgres": "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = current_schema()",
    }
    return sorted(name for (name,) in connection.rows(sql[engine]))


def _rows(connection: Connection, table: str) -> list[tuple[Any, ...]]:
    return sorted(connection.rows(f'SELECT * FROM "{table}"'), key=repr)
