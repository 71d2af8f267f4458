"""Backups under test: made of a world, put back elsewhere, and what two databases hold held against each other."""

import hashlib
import re
import shutil
from pathlib import Path
from typing import Any

import msgspec

from tests.cast import ANNA, BORIS
from tests.stage.databases import Place
from tests.stage.media import upload
from tests.stage.rooms import found, put_state, say
from tests.stage.world import Person, World
from veche.app.parts import open_engine
from veche.app.settings import defaults
from veche.app.stores import open_blobs
from veche.commands.operation.backing_up import back_up
from veche.commands.operation.restoring import Restored, Stores, find_backup, restore
from veche.commands.operation.verifying import verify
from veche.domain.operation.backups import Outcome, Wish
from veche.domain.sessions import OPERATOR
from veche.storage.engines import Connection, Engine
from veche.storage.engines.sqlite import SqliteEngine
from veche.storage.operation.covers import Plain
from veche.storage.operation.manifests import Backup, write_manifest

SECRET = "a long passphrase"
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


async def put_back(
    backup: Backup, place: Place, now: int = 0, *, leaves_out: bool = False, media_store: str = ""
) -> Restored:
    """Restore a backup into a place whose database is empty."""
    values = defaults() | {"database": place.database, "media_store": media_store}

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


class Office:
    """Two people in a room, some messages, two files, keys, settings."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def settle(self) -> "Office":
        """Let them live a little."""
        self.anna, self.boris = await self.world.people(ANNA, BORIS)
        self.room = await found(self.anna, self.boris)
        await put_state(self.anna, self.room, "m.room.topic", {"topic": "Привет\n'; --"})
        for number in range(5):
            await say(self.anna, self.room, f"message {number} ü 😀")
        self.letter = await upload(self.anna, b"a letter")
        await say(self.boris, self.room, "look", url=self.letter)
        self.large = await upload(self.boris, bytes(range(256)) * 3000)
        key = {"signed_curve25519:AAAA": {"key": "x" * 43, "signatures": {self.anna.user: {"ed25519:ANNA": "s"}}}}
        (await self.anna.post("/keys/upload", {"one_time_keys": key})).ok()
        data = self.world.place.data
        (data / "veche.toml").write_text('port = 8123\ndatabase = "postgresql://old/one"\n')
        (data / "tls").mkdir(exist_ok=True)
        (data / "tls" / "ca.key").write_bytes(b"very secret")
        return self


async def office_of(world: World) -> Office:
    """A world in which people have lived."""
    return await Office(world).settle()


def moved(person: Person, world: World) -> Person:
    """The same person with the same token at the restored server."""
    return msgspec.structs.replace(person, world=world)


def database_file(backup: Backup) -> Path:
    """The largest file of a backup."""
    largest = max(backup.manifest.files, key=lambda file: file.size)
    return backup.folder / largest.stored


def stored_file(backup: Backup, name: str) -> Path:
    """Where a file of a backup lies."""
    return backup.folder / backup.file(name).stored


def content_file(backup: Backup) -> Path:
    """Where the largest content lies."""
    return backup.content_path(max(backup.contents(), key=lambda kept: kept.size).digest)


def cut(path: Path) -> None:
    """Take away the second half of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    text = bytearray(path.read_bytes())
    text[len(text) // 2] ^= 1
    path.write_bytes(text)


def lengthen(path: Path) -> None:
    """Add a byte."""
    with path.open("ab") as file:
        file.write(b"x")


def verified(backup: Backup, tmp_path: Path) -> list[str]:
    """Verify a backup in a temporary place."""
    work = tmp_path / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    return list(verify(backup, SqliteEngine(work / "veche.sqlite3"), work, lambda stage: None))


def assert_named(faults: list[str], named: str) -> None:
    """Fail unless one of the sentences speaks of it."""
    assert any(re.search(named, fault) for fault in faults), faults


def rewritten(backup: Backup, **changed_parts: object) -> None:
    """Write another manifest, whose own digest is right."""
    write_manifest(backup.folder, msgspec.structs.replace(backup.manifest, **changed_parts), Plain())


def replaced(backup: Backup, name: str, content: bytes) -> None:
    """Put something else in place of a file, and let the manifest say that this is what was backed up."""
    stored_file(backup, name).write_bytes(content)
    told = msgspec.structs.replace(backup.file(name), size=len(content), sha256=hashlib.sha256(content).hexdigest())
    rewritten(backup, files=tuple(told if file.name == name else file for file in backup.manifest.files))
