"""Restoring: everything is there again, clients go on, and what is damaged or half done is named and never used."""

import shutil
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.stage.backups import (
    SECRET,
    assert_named,
    content_file,
    database_file,
    flip,
    made,
    moved,
    office_of,
    opened,
    put_back,
    rows_of,
)
from tests.stage.buckets import Buckets, setting_of
from tests.stage.databases import Place
from tests.stage.media import fetch, stored
from tests.stage.rooms import bodies, come, log, say
from tests.stage.world import World
from veche.app.folder import HalfRestored, data_folder
from veche.app.settings.changing import changed
from veche.commands.operation.restoring import Stores, restore
from veche.domain.operation.backups import LEAST_ADVANCE, UNFINISHED
from veche.storage.blobs import BlobFault
from veche.storage.blobs.disk import DiskBlobs
from veche.storage.blobs.incoming import IncomingFile
from veche.storage.engines import StorageFault
from veche.storage.operation.faults import BackupFault, Damaged
from veche.storage.operation.putting_back import NewPlace

pytestmark = pytest.mark.usefixtures("cheap_key")

CHANGED_BY_RESTORE = {"log_head", "one_time_keys", "server_facts"}


crossing = pytest.mark.parametrize("target_name", ["sqlite", "postgres"])


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


@pytest.mark.parametrize("engine_name", ["sqlite"])
async def test_contents_go_from_a_bucket_into_a_folder_and_back(
    place: Place, tmp_path: Path, empty_place: Callable[[], Place], buckets: Buckets
) -> None:
    stores = [setting_of(buckets.fresh()), "", setting_of(buckets.fresh())]
    worlds = [World(place, media_store=stores[0])]
    await worlds[0].start()
    office = await office_of(worlds[0])
    for number, store in enumerate(stores[1:], 1):
        backup = opened(await made(worlds[-1], tmp_path / f"b{number}"))
        await worlds[-1].stop()
        there = empty_place()
        await put_back(backup, there, media_store=store)
        worlds.append(World(there, media_store=store))
        await worlds[-1].start()
        anna = moved(office.anna, worlds[-1])
        assert (await fetch(anna, office.letter)).bytes == b"a letter"
        assert len(await stored(worlds[-1])) == 2
    await worlds[-1].stop()


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
