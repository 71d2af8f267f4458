"""Restoring: everything is there again, clients go on, and what is damaged or half done is named and never used."""

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import msgspec
import pytest

from tests.cast import ANNA, BORIS
from tests.stage.backups import made, opened, put_back, rows_of
from tests.stage.databases import Place
from tests.stage.media import fetch, stored, upload
from tests.stage.rooms import bodies, come, found, log, put_state, say
from tests.stage.world import Person, World
from veche.app.folder import HalfRestored, data_folder
from veche.app.settings.changing import changed
from veche.commands.operation.restoring import Stores, restore
from veche.commands.operation.verifying import verify
from veche.domain.operation.backups import LEAST_ADVANCE, UNFINISHED
from veche.storage.blobs import BlobFault
from veche.storage.blobs.disk import DiskBlobs
from veche.storage.blobs.incoming import IncomingFile
from veche.storage.engines import StorageFault
from veche.storage.engines.sqlite import SqliteEngine
from veche.storage.operation import sealing
from veche.storage.operation.covers import Plain
from veche.storage.operation.faults import BackupFault, Damaged, Unfinished, WrongPassphrase
from veche.storage.operation.manifests import Backup, write_manifest
from veche.storage.operation.putting_back import NewPlace

SECRET = "a long passphrase"
CHANGED_BY_RESTORE = {"log_head", "one_time_keys", "server_facts"}
crossing = pytest.mark.parametrize("target_name", ["sqlite", "postgres"])


@pytest.fixture(autouse=True)
def cheap_key() -> Iterator[None]:
    """Let the passphrase be stretched only a little."""
    with patch.object(sealing, "_COST", 2**8):
        yield


@pytest.fixture
def target_name(engine_name: str) -> str:
    """Which engine is restored into: the same, unless a test says otherwise."""
    return engine_name


@pytest.fixture
def empty_place(target_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[], Place]]:
    """Makes an empty folder with an empty database, as often as it is called."""
    cluster = request.getfixturevalue("cluster") if target_name == "postgres" else None
    places = list[Place]()

    def make() -> Place:
        data = tmp_path / f"elsewhere{len(places)}"
        data.mkdir()
        places.append(Place(data, cluster.empty() if cluster else ""))
        return places[-1]

    yield make
    for place in places:
        if cluster:
            cluster.drop(place.database)


@pytest.fixture
def elsewhere(empty_place: Callable[[], Place]) -> Place:
    """An empty folder, and an empty database."""
    return empty_place()


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


async def living_at(place: Place) -> World:
    """A world that goes on from what was restored."""
    world = World(place)
    await world.start()
    return world


def without(rows: dict[str, list[tuple[object, ...]]], tables: set[str]) -> dict[str, list[tuple[object, ...]]]:
    """All tables but these."""
    return {name: found for name, found in rows.items() if name not in tables}


@crossing
@pytest.mark.parametrize("passphrase", [None, SECRET], ids=["plain", "sealed"])
async def test_everything_is_there_again(
    world: World, tmp_path: Path, elsewhere: Place, passphrase: str | None
) -> None:
    office = await office_of(world)
    before, contents = rows_of(world.running.engine), set(await stored(world))
    backup = opened(await made(world, tmp_path / "b", passphrase), SECRET)
    await say(office.anna, office.room, "after the backup")
    restored = await put_back(backup, elsewhere)
    assert restored.left_out == ()
    engine = elsewhere.engine()
    after = rows_of(engine)
    engine.close()
    assert without(after, CHANGED_BY_RESTORE) == without(before, CHANGED_BY_RESTORE)
    assert after["log_head"] == [(before["log_head"][0][0] + LEAST_ADVANCE,)]
    assert (before["one_time_keys"] != [], after["one_time_keys"]) == (True, [])
    assert set(before["server_facts"]) <= set(after["server_facts"])
    assert (elsewhere.data / "veche.toml").read_text() == (world.place.data / "veche.toml").read_text()
    assert (elsewhere.data / "tls" / "ca.key").read_bytes() == b"very secret"
    assert {path.stat().st_mode & 0o077 for path in elsewhere.data.rglob("*")} == {0}
    there = await living_at(elsewhere)
    assert set(await stored(there)) == contents
    assert (await fetch(moved(office.boris, there), office.letter)).bytes == b"a letter"
    assert "after the backup" not in bodies(await log(moved(office.anna, there), office.room))
    await there.stop()


async def test_clients_go_on_with_their_tokens_and_transactions(world: World, tmp_path: Path, elsewhere: Place) -> None:
    office = await office_of(world)
    sent = (
        await office.anna.put(f"/rooms/{office.room}/send/m.room.message/t1", {"body": "once", "msgtype": "m.text"})
    ).ok()
    backup = opened(await made(world, tmp_path / "b"))
    for number in range(10):
        await say(office.anna, office.room, f"lost {number}")
    token = (await office.boris.get("/sync", timeout=0)).ok()["next_batch"]
    await put_back(backup, elsewhere)
    there = await living_at(elsewhere)
    anna, boris = moved(office.anna, there), moved(office.boris, there)
    again = (await anna.put(f"/rooms/{office.room}/send/m.room.message/t1", {"body": "once", "msgtype": "m.text"})).ok()
    assert again == sent, "what was acknowledged before the backup is not sent twice"
    for number in range(15):
        await say(anna, office.room, f"new {number}")
    news = (await boris.get("/sync", since=token, timeout=0)).ok()["rooms"]["join"][office.room]["timeline"]
    assert bodies(news["events"])[-10:] == [f"new {number}" for number in range(5, 15)]
    missed = bodies(news["events"])
    if news["limited"]:
        page = (
            await boris.get(f"/rooms/{office.room}/messages", dir="b", **{"from": news["prev_batch"]}, limit=100)
        ).ok()
        missed = bodies(page["chunk"])[::-1] + missed
    assert [body for body in missed if body.startswith("new")] == [f"new {number}" for number in range(15)]
    await there.stop()


async def test_a_backup_may_be_restored_twice(world: World, tmp_path: Path, empty_place: Callable[[], Place]) -> None:
    """Clients that met the first restored server miss nothing at the second."""
    office = await office_of(world)
    backup = opened(await made(world, tmp_path / "b"))
    places = empty_place(), empty_place()
    await put_back(backup, places[0], world.clock())
    there = await living_at(places[0])
    for number in range(10):
        await say(moved(office.anna, there), office.room, f"lost {number}")
    token = (await moved(office.boris, there).get("/sync", timeout=0)).ok()["next_batch"]
    await there.stop()
    await put_back(backup, places[1], world.clock() + 60_000)
    there = await living_at(places[1])
    for number in range(5):
        await say(moved(office.anna, there), office.room, f"new {number}")
    news = (await moved(office.boris, there).get("/sync", since=token, timeout=0)).ok()
    timeline = news["rooms"]["join"][office.room]["timeline"]
    assert bodies(timeline["events"]) == [f"new {number}" for number in range(5)]
    await there.stop()


async def test_a_place_that_was_restored_into_is_full(world: World, tmp_path: Path, elsewhere: Place) -> None:
    backup = opened(await made(world, tmp_path / "b"))
    await put_back(backup, elsewhere)
    with pytest.raises(BackupFault, match="not empty"):
        await put_back(backup, elsewhere)


async def test_settings_are_changed_line_by_line() -> None:
    text = '# Settings\n\n# port = 8008\nport = 1\ndatabase = "postgresql://old/one"  # ours\n'
    assert changed(text, {"database": "postgresql://new/one", "port": 2, "host": "::1"}) == (
        '# Settings\n\n# port = 8008\nport = 2\ndatabase = "postgresql://new/one"\nhost = "::1"\n'
    )
    assert changed("", {"admin_contact": 'a "b"'}) == '\nadmin_contact = "a \\"b\\""\n'


@pytest.mark.parametrize("name", ["note.txt", "veche.sqlite3", ".hidden"])
async def test_a_folder_that_is_not_empty_is_refused(world: World, tmp_path: Path, elsewhere: Place, name: str) -> None:
    backup = opened(await made(world, tmp_path / "b"))
    (elsewhere.data / name).write_text("mine")
    with pytest.raises(BackupFault, match=f"not empty: there is {name}"):
        await put_back(backup, elsewhere)
    assert [path.name for path in elsewhere.data.iterdir()] == [name]


@pytest.mark.parametrize("target_name", ["postgres"])
async def test_a_database_that_is_not_empty_is_refused(world: World, tmp_path: Path, elsewhere: Place) -> None:
    backup = opened(await made(world, tmp_path / "b"))
    engine = elsewhere.engine()
    connection = engine.connect(writes=True)
    connection.rows("CREATE TABLE mine (x BIGINT)")
    with pytest.raises(BackupFault, match="not empty"):
        await put_back(backup, elsewhere)
    assert connection.rows("SELECT COUNT(*) FROM mine") == [(0,)]
    connection.close()
    engine.close()
    assert list(elsewhere.data.iterdir()) == []


@crossing
async def test_an_interrupted_restore_cannot_be_started_and_can_be_repeated(
    world: World, tmp_path: Path, elsewhere: Place
) -> None:
    """The process is killed at the very end: all is there but the last word."""
    office = await office_of(world)
    backup = opened(await made(world, tmp_path / "b"))
    with patch.object(NewPlace, "finish", side_effect=SystemError("killed")), pytest.raises(SystemError):
        await put_back(backup, elsewhere)
    assert (elsewhere.data / UNFINISHED).exists()
    with pytest.raises(HalfRestored, match="never finished"), data_folder(elsewhere.data):
        pass
    (elsewhere.data / "half of something").write_bytes(b"x")
    await put_back(backup, elsewhere)
    with data_folder(elsewhere.data):
        there = await living_at(elsewhere)
        assert "look" in bodies(await log(moved(office.anna, there), office.room))
        await there.stop()
    assert not (elsewhere.data / "half of something").exists()


Harm = Callable[[Backup], None]


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


HARMS: dict[str, tuple[Harm, str]] = {
    "database cut short": (lambda backup: cut(database_file(backup)), "bytes where|cut short"),
    "database flipped": (lambda backup: flip(database_file(backup)), "SHA-256 differs|damaged"),
    "database gone": (lambda backup: database_file(backup).unlink(), "missing"),
    "settings gone": (lambda backup: stored_file(backup, "veche.toml").unlink(), "veche.toml is missing"),
    "settings flipped": (lambda backup: flip(stored_file(backup, "veche.toml")), "veche.toml"),
    "list flipped": (lambda backup: flip(stored_file(backup, "media")), "media"),
    "list longer": (lambda backup: lengthen(stored_file(backup, "media")), "media has|media: it is damaged"),
    "content gone": (lambda backup: content_file(backup).unlink(), "is missing"),
    "content cut short": (lambda backup: cut(content_file(backup)), "bytes where|cut short"),
    "content flipped": (lambda backup: flip(content_file(backup)), "SHA-256 differs|damaged"),
}


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("passphrase", [None, SECRET], ids=["plain", "sealed"])
async def test_damage_is_named_by_verify_and_by_restore(
    world: World, tmp_path: Path, elsewhere: Place, harm: str, passphrase: str | None
) -> None:
    await office_of(world)
    backup = opened(await made(world, tmp_path / "b", passphrase), SECRET)
    act, named = HARMS[harm]
    act(backup)
    assert_named(verified(backup, tmp_path), named)
    with pytest.raises(Damaged, match=named):
        await put_back(backup, elsewhere)
    assert list(elsewhere.data.iterdir()) == [], "nothing half is left"


def verified(backup: Backup, tmp_path: Path) -> list[str]:
    """Verify a backup in a temporary place."""
    work = tmp_path / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    return list(verify(backup, SqliteEngine(work / "veche.sqlite3"), work, lambda stage: None))


def assert_named(faults: list[str], named: str) -> None:
    """Fail unless one of the sentences speaks of it."""
    assert any(re.search(named, fault) for fault in faults), faults


@pytest.mark.parametrize("passphrase", [None, SECRET], ids=["plain", "sealed"])
async def test_what_is_whole_is_verified(world: World, tmp_path: Path, passphrase: str | None) -> None:
    await office_of(world)
    backup = opened(await made(world, tmp_path / "b", passphrase), SECRET)
    before = {path: path.read_bytes() for path in backup.folder.rglob("*") if path.is_file()}
    assert verified(backup, tmp_path) == []
    assert {path: path.read_bytes() for path in backup.folder.rglob("*") if path.is_file()} == before


WRONGS = {
    "a position beyond the head": ("UPDATE log_head SET position = 3", "goes to position"),
    "events without their room": ("DELETE FROM rooms", "what is not in rooms"),
    "a device without its account": ("DELETE FROM accounts WHERE user_id LIKE '@anna%'", "what is not in accounts"),
}


@pytest.mark.parametrize("wrong", WRONGS)
async def test_a_database_that_does_not_agree_with_itself_is_named(world: World, tmp_path: Path, wrong: str) -> None:
    await office_of(world)
    sql, named = WRONGS[wrong]
    await world.commands.writer.run(lambda tx: tx.run(sql))
    assert_named(verified(opened(await made(world, tmp_path / "b")), tmp_path), named)


def rewritten(backup: Backup, **changed_parts: object) -> None:
    """Write another manifest, whose own digest is right."""
    write_manifest(backup.folder, msgspec.structs.replace(backup.manifest, **changed_parts), Plain())


async def test_counts_that_are_wrong_are_named(world: World, tmp_path: Path) -> None:
    await office_of(world)
    backup = opened(await made(world, tmp_path / "b"))
    tables = backup.manifest.tables
    fewer = {**tables, "events": msgspec.structs.replace(tables["events"], rows=1)}
    rewritten(backup, tables=fewer)
    assert_named(verified(opened(backup.folder), tmp_path), "the table events has .* rows, not 1")
    rewritten(backup, position=7)
    assert_named(verified(opened(backup.folder), tmp_path), "the manifest says otherwise")


async def test_a_content_that_the_list_forgot_is_named(world: World, tmp_path: Path) -> None:
    await office_of(world)
    backup = opened(await made(world, tmp_path / "b"))
    replaced(backup, "media", stored_file(backup, "media").read_bytes().splitlines(keepends=True)[0])
    assert_named(verified(opened(backup.folder), tmp_path), "no file of the backup has the contents")


def replaced(backup: Backup, name: str, content: bytes) -> None:
    """Put something else in place of a file, and let the manifest say that this is what was backed up."""
    stored_file(backup, name).write_bytes(content)
    told = msgspec.structs.replace(backup.file(name), size=len(content), sha256=hashlib.sha256(content).hexdigest())
    rewritten(backup, files=tuple(told if file.name == name else file for file in backup.manifest.files))


async def test_what_was_backed_up_damaged_is_named_too(world: World, tmp_path: Path) -> None:
    await office_of(world)
    backup = opened(await made(world, tmp_path / "b"))
    replaced(backup, "media", b"nonsense\n")
    assert_named(verified(opened(backup.folder), tmp_path), "the list of files is damaged")
    rewritten(backup, files=tuple(file for file in backup.manifest.files if file.name != "media"))
    assert_named(verified(opened(backup.folder), tmp_path), "does not speak of media")


@pytest.mark.parametrize("engine_name", ["sqlite"])
async def test_a_database_that_was_damaged_when_it_was_backed_up_is_named(world: World, tmp_path: Path) -> None:
    office = await office_of(world)
    for number in range(40):
        await say(office.anna, office.room, f"{number} " * 500)
    backup = opened(await made(world, tmp_path / "b"))
    whole = database_file(backup).read_bytes()
    replaced(backup, "database.sqlite3", b"no database" * 1000)
    assert_named(verified(opened(backup.folder), tmp_path), "cannot be put back")
    page = whole.index(b"39 39 39") // 4096 * 4096
    replaced(backup, "database.sqlite3", whole[:page] + b"\x0d" + bytes(range(255)) + whole[page + 256 :])
    assert verified(opened(backup.folder), tmp_path)


@pytest.mark.parametrize("engine_name", ["postgres"])
@pytest.mark.parametrize("target_name", ["sqlite"])
async def test_rows_that_break_a_constraint_are_a_clear_fault(world: World, tmp_path: Path, elsewhere: Place) -> None:
    await office_of(world)
    backup = opened(await made(world, tmp_path / "b"))
    text = stored_file(backup, "tables/rooms.copy").read_bytes()
    replaced(backup, "tables/rooms.copy", text[:-2] + text[19:])
    with pytest.raises(StorageFault, match="UNIQUE"):
        await put_back(opened(backup.folder), elsewhere)
    assert list(elsewhere.data.iterdir()) == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("target_name", ["postgres"])
async def test_a_text_that_postgresql_cannot_hold_is_a_clear_fault(
    world: World, tmp_path: Path, elsewhere: Place
) -> None:
    await world.commands.writer.run(lambda tx: tx.run("INSERT INTO server_facts VALUES ('nothing', CHAR(0))"))
    backup = opened(await made(world, tmp_path / "b"))
    with pytest.raises(StorageFault, match="could not be filled"):
        await put_back(backup, elsewhere)
    assert list(elsewhere.data.iterdir()) == []


class Liar(DiskBlobs):
    """A store that takes every content for something else."""

    async def begin(self) -> IncomingFile:
        incoming = await super().begin()
        await incoming.add(b"and more")
        return incoming


async def test_a_store_that_does_not_keep_what_it_is_given_is_found_out(
    world: World, tmp_path: Path, elsewhere: Place
) -> None:
    await office_of(world)
    backup = opened(await made(world, tmp_path / "b"))

    def stores() -> Stores:
        return Stores(elsewhere.engine(), Liar(elsewhere.data / "media"))

    with pytest.raises(BlobFault, match="for something else"):
        await restore(backup, elsewhere.data, stores, 0, leaves_out=False, tell=lambda stage: None)
    assert list(elsewhere.data.iterdir()) == []


async def test_a_backup_of_a_newer_version_is_refused(world: World, tmp_path: Path) -> None:
    backup = opened(await made(world, tmp_path / "b"))
    rewritten(backup, schema=backup.manifest.schema + 1, version="99.0")
    with pytest.raises(BackupFault, match=r"Veche 99\.0, which is newer"):
        opened(backup.folder)
    rewritten(backup, format=2, version="99.0")
    with pytest.raises(BackupFault, match=r"Veche 99\.0, which is newer"):
        opened(backup.folder)


async def test_a_backup_without_a_manifest_was_never_finished(world: World, tmp_path: Path) -> None:
    folder = await made(world, tmp_path / "b")
    (folder / "manifest.json").unlink()
    with pytest.raises(Unfinished, match="never finished"):
        opened(folder)
    with pytest.raises(BackupFault, match="there is no backup"):
        opened(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(Unfinished):
        opened(tmp_path / "empty")


@pytest.mark.parametrize("passphrase", [None, SECRET], ids=["plain", "sealed"])
async def test_a_damaged_manifest_is_named(world: World, tmp_path: Path, passphrase: str | None) -> None:
    folder = await made(world, tmp_path / "b", passphrase)
    [path] = folder.glob("manifest.*")
    whole = path.read_bytes()
    for text in (b"", b"{}", whole[: len(whole) // 2], whole.replace(b"2", b"3"), b"\xff" + whole):
        path.write_bytes(text)
        with pytest.raises(Damaged):
            opened(folder, SECRET)
    path.write_bytes(whole)
    opened(folder, SECRET)


async def test_a_manifest_cannot_lead_out_of_its_folder(world: World, tmp_path: Path) -> None:
    backup = opened(await made(world, tmp_path / "b"))
    file = backup.manifest.files[0]
    for changed_file in ({"stored": "../../data/veche.sqlite3"}, {"name": "tls/../../x"}, {"name": "/etc/cron.d/x"}):
        files = (msgspec.structs.replace(file, **changed_file), *backup.manifest.files[1:])
        rewritten(backup, files=files)
        with pytest.raises(Damaged, match="no backup has"):
            opened(backup.folder)


async def test_the_wrong_passphrase_is_called_that(world: World, tmp_path: Path) -> None:
    folder = await made(world, tmp_path / "b", SECRET)
    with pytest.raises(WrongPassphrase, match="the passphrase is wrong"):
        opened(folder, "another one")


async def test_lost_files_can_be_left_out(world: World, tmp_path: Path, elsewhere: Place) -> None:
    office = await office_of(world)
    backup = opened(await made(world, tmp_path / "b"))
    flip(content_file(backup))
    small = backup.content_path(min(backup.contents(), key=lambda kept: kept.size).digest)
    shutil.copy(small, tmp_path / "small")
    small.unlink()
    restored = await put_back(backup, elsewhere, leaves_out=True)
    assert len(restored.left_out) == 2
    assert_named(list(restored.left_out), "SHA-256 differs")
    assert_named(list(restored.left_out), "is missing")
    there = await living_at(elsewhere)
    assert await stored(there) == []
    assert "look" in bodies(await log(moved(office.anna, there), office.room))
    await there.stop()


async def test_a_damaged_database_is_never_left_out(world: World, tmp_path: Path, elsewhere: Place) -> None:
    await office_of(world)
    backup = opened(await made(world, tmp_path / "b"))
    flip(database_file(backup))
    with pytest.raises(Damaged):
        await put_back(backup, elsewhere, leaves_out=True)
    assert list(elsewhere.data.iterdir()) == []


async def test_the_newest_of_a_folder_is_taken(world: World, tmp_path: Path) -> None:
    await made(world, tmp_path / "b")
    world.clock.advance(seconds=5)
    last = await made(world, tmp_path / "b")
    assert opened(tmp_path / "b").folder == last


async def test_the_first_member_may_come_back(world: World, tmp_path: Path, elsewhere: Place) -> None:
    """Somebody who joined before the backup and left after it is in the room again, and a new one can join."""
    office = await office_of(world)
    backup = opened(await made(world, tmp_path / "b"))
    (await office.boris.post(f"/rooms/{office.room}/leave")).ok()
    await put_back(backup, elsewhere)
    there = await living_at(elsewhere)
    carla = await there.person("carla")
    await come(moved(office.anna, there), carla, office.room)
    await say(moved(office.boris, there), office.room, "still here")
    await there.stop()
