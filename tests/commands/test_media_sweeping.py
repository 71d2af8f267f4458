"""Sweeping: contents that no row speaks of go, those that one speaks of stay, whatever happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.cast import ANNA
from tests.stage.media import Faulty, announce, fetch, id_of, picture, png, stored, thumbnail, upload, with_blobs
from tests.stage.rooms import found, send
from tests.stage.world import Person, World
from veche.commands import media as commands
from veche.commands.media import Upload, sweeping
from veche.domain.ids import Digest
from veche.domain.refusals import Refused
from veche.storage.blobs import BlobsAway
from veche.storage.reader import Snapshot
from veche.storage.writer import Transaction


async def orphan(world: World, body: bytes = b"orphan") -> Digest:
    """Put contents into the store that no row speaks of, as a crash before the commit leaves them."""
    incoming = await world.commands.blobs.begin()
    await incoming.add(body)
    digest = await incoming.keep()
    incoming.release()
    return digest


async def remove(world: World, anna: Person, uri: str) -> None:
    """Remove a file as its owner."""
    await commands.remove_file(world.commands, anna.asker, id_of(uri))


async def test_contents_without_a_row_are_swept_after_an_hour(world: World) -> None:
    anna = await world.person(ANNA)
    uri = await upload(anna, b"kept")
    [kept] = await stored(world)
    await orphan(world)
    half = await world.commands.blobs.begin()
    await half.add(b"x" * 600_000)
    assert await commands.sweep_store(world.commands) == 0, "an upload may be about to commit"
    world.clock.advance(seconds=3700)
    assert await commands.sweep_store(world.commands) == 1
    assert await stored(world) == [kept]
    assert (await fetch(anna, uri)).bytes == b"kept"
    await half.discard()


async def test_sweeping_goes_through_any_number(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "AT_ONCE", 3)
    anna = await world.person(ANNA)
    for number in range(4):
        await orphan(world, b"%d" % number)
        await upload(anna, b"kept %d" % number)
    world.clock.advance(seconds=3700)
    assert await commands.sweep_store(world.commands) == 4
    assert len(await stored(world)) == 4


async def test_thumbnails_go_with_the_last_file_of_their_source(world: World) -> None:
    anna = await world.person(ANNA)
    first, second = await upload(anna, png()), await upload(anna, png())
    for size in (32, 96):
        assert (await thumbnail(anna, first, size, size, method="crop")).status == 200
    assert len(await stored(world)) == 3
    await remove(world, anna, first)
    assert await commands.delete_removed(world.commands) == 1
    assert len(await stored(world)) == 3
    assert (await thumbnail(anna, second, 32, 32, method="crop")).status == 200
    await remove(world, anna, second)
    assert await commands.delete_removed(world.commands) == 1
    assert await stored(world) == []


async def test_a_thumbnail_that_is_also_a_file_stays(world: World) -> None:
    anna = await world.person(ANNA)
    uri = await upload(anna, png())
    made = await thumbnail(anna, uri, 32, 32, method="crop")
    copy = await upload(anna, made.bytes)
    await remove(world, anna, uri)
    assert await commands.delete_removed(world.commands) == 1
    assert len(await stored(world)) == 1
    assert (await fetch(anna, copy)).bytes == made.bytes


@pytest.mark.parametrize("moment", ["before the look", "during it"])
async def test_contents_that_are_on_their_way_are_not_lost(world: World, moment: str) -> None:
    anna = await world.person(ANNA)
    await remove(world, anna, await upload(anna, b"same"))
    go_on, came = asyncio.Event(), asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"same"
        came.set()
        await go_on.wait()

    task = asyncio.ensure_future(commands.upload(world.commands, anna.asker, Upload(body(), 4, "", None)))
    await came.wait()
    if moment == "before the look":
        go_on.set()
        await task
    assert await commands.delete_removed(world.commands) == 1
    go_on.set()
    await expect_kept(world, anna, await task)


async def test_contents_that_came_between_the_look_and_the_deletion_are_not_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are looked at; the same contents come, are committed and let go; only then would be deleted."""
    anna = await world.person(ANNA)
    await remove(world, anna, await upload(anna, b"same"))
    addresses: list[str] = []
    run = world.commands.writer.run

    async def look(work: Callable[[Transaction], Any]) -> Any:
        found = await run(work)
        if found == [] and not addresses:
            monkeypatch.undo()
            addresses.append(await upload(anna, b"same"))
        return found

    monkeypatch.setattr(world.commands.writer, "run", look)
    assert await commands.delete_removed(world.commands) == 1
    [uri] = addresses
    await expect_kept(world, anna, uri)


async def expect_kept(world: World, anna: Person, uri: str) -> None:
    """Fail where the contents are gone, now or after a sweep."""
    for _ in range(2):
        answer = await fetch(anna, uri)
        assert (answer.status, answer.bytes) == (200, b"same")
        world.clock.advance(seconds=3700)
        assert await commands.sweep_store(world.commands) == 0


async def test_where_the_store_is_away_sweeping_is_done_later(world: World) -> None:
    anna = await world.person(ANNA)
    uri = await upload(anna, png())
    assert (await thumbnail(anna, uri)).status == 200
    await remove(world, anna, uri)
    store = Faulty(world.commands.blobs)
    ctx = with_blobs(world, store)
    store.faults = {"delete": BlobsAway("away"), "walk": BlobsAway("away")}
    for work in (commands.delete_removed, commands.sweep_store):
        with pytest.raises(Refused) as caught:
            await work(ctx)
        assert caught.value.refusal.status == 503
    store.faults = {}
    assert await commands.delete_removed(ctx) == 1
    world.clock.advance(seconds=3700)
    await commands.sweep_store(ctx)
    assert await stored(world) == []


async def test_the_store_and_the_rows_agree_after_a_restart(world: World) -> None:
    anna = await world.person(ANNA)
    kept, gone = await upload(anna, b"kept"), await upload(anna, b"gone")
    await orphan(world)
    await remove(world, anna, gone)
    await world.restart()
    world.clock.advance(seconds=3700)
    assert await commands.delete_removed(world.commands) == 1
    assert await commands.sweep_store(world.commands) == 1
    assert (await fetch(anna, kept)).bytes == b"kept"
    assert len(await stored(world)) == 1


async def test_during_a_pause_nothing_is_deleted_and_nothing_forgotten(world: World) -> None:
    anna = await world.person(ANNA)
    uri = await upload(anna, png())
    assert (await thumbnail(anna, uri)).status == 200
    await orphan(world)
    await remove(world, anna, uri)
    world.clock.advance(seconds=3700)
    with world.queries.live.media.doomed.nobody():
        assert await commands.delete_removed(world.commands) == 0
        assert await commands.sweep_store(world.commands) == 0
        assert len(await stored(world)) == 3
    assert await commands.delete_removed(world.commands) == 1
    assert await commands.sweep_store(world.commands) == 1
    assert await stored(world) == []


async def test_a_picture_that_is_its_own_thumbnail(world: World) -> None:
    anna = await world.person(ANNA)
    source = await upload(anna, png(40, 40))
    tiny = await thumbnail(anna, source, 32, 32, method="crop")
    uri = await upload(anna, tiny.bytes)
    again = await thumbnail(anna, uri, 32, 32, method="crop")
    assert again.bytes == tiny.bytes, "made anew it is the same"
    before = len(await stored(world))
    await remove(world, anna, uri)
    assert await commands.delete_removed(world.commands) == 1
    assert len(await stored(world)) == before, "it is still the thumbnail of the other"
    await remove(world, anna, source)
    assert await commands.delete_removed(world.commands) == 1
    assert await stored(world) == []


async def test_large_numbers_go_in_slices(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "AT_ONCE", 2)
    anna = await world.person(ANNA)
    uri, room = await upload(anna), await found(anna)
    for _ in range(5):
        await send(anna, room, "m.room.message", picture(uri))
        await announce(anna)
    await remove(world, anna, uri)
    assert await commands.delete_removed(world.commands) == 1
    world.clock.advance(seconds=90_000)
    await commands.expire_announced(world.commands)

    def left(at: Snapshot) -> list[int]:
        tables = ("media_in_rooms", "media WHERE removed_ts IS NULL")
        return [at.all(f"SELECT COUNT(*) FROM {table}")[0][0] for table in tables]

    assert await world.queries.reader.run(left) == [0, 0]
