"""Thumbnails: made once, remembered, also where none can be made; and never for those who may not read the file."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.cast import ANNA, BORIS
from tests.stage.media import Faulty, announce, fill, id_of, png, stored, thumbnail, upload, with_blobs, with_imaging
from tests.stage.media import picture as message
from tests.stage.rooms import found, redact, send
from tests.stage.world import World
from veche.commands import media as commands
from veche.domain.media import MediaId, Size
from veche.domain.refusals import Refusal, Refused
from veche.integrations.imaging.records import NotAPicture, Picture, PictureTooLarge
from veche.integrations.imaging.records import Size as Wish
from veche.storage.blobs import BlobsAway

SMALL = Size(32, 32, "crop")


class Decoder:
    """Stands in for the process that decodes images; ``answers`` are given one after the other."""

    def __init__(self, *answers: Picture | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[Wish] = []
        self.read: list[bytes] = []
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def thumbnail(self, source: AsyncIterator[bytes], wanted: Wish) -> Picture:
        self.asked.append(wanted)
        self.read.append(b"".join([part async for part in source]))
        await self.go_on.wait()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def drawn(text: bytes = b"small") -> Picture:
    """A thumbnail."""
    return Picture(text, "image/png", 32, 32)


async def test_a_thumbnail_is_made_once(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    decoder = Decoder(drawn())
    with_imaging(world, decoder)
    first, second = await upload(anna, b"picture"), await upload(boris, b"picture")
    answer = await thumbnail(anna, first, 20, 30, method="crop")
    assert (answer.status, answer.bytes) == (200, b"small")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == 'inline; filename="thumbnail.png"'
    await world.restart()
    with_imaging(world, decoder)
    assert (await thumbnail(anna, first, 32, 32, method="crop")).bytes == b"small"
    assert (await thumbnail(boris, second, 1, 1, method="crop")).bytes == b"small", "the same contents"
    assert decoder.asked == [Wish(32, 32, "crop")]
    assert decoder.read == [b"picture"]


async def test_each_size_is_its_own(world: World) -> None:
    anna = await world.person(ANNA)
    decoder = Decoder(drawn(b"crop"), drawn(b"scale"), drawn(b"moving"))
    with_imaging(world, decoder)
    uri = await upload(anna)
    assert (await thumbnail(anna, uri, 96, 96, method="crop")).bytes == b"crop"
    assert (await thumbnail(anna, uri, 96, 96)).bytes == b"scale"
    assert (await thumbnail(anna, uri, 96, 96, method="crop", animated="true")).bytes == b"moving"
    assert (await thumbnail(anna, uri, 96, 96, method="crop", animated="false")).bytes == b"crop"
    assert decoder.asked == [Wish(96, 96, "crop"), Wish(320, 240, "scale"), Wish(96, 96, "crop", animated=True)]


async def test_many_who_ask_at_once_cost_one_picture(world: World) -> None:
    anna = await world.person(ANNA)
    decoder = Decoder(drawn(), drawn(b"other"))
    decoder.go_on.clear()
    with_imaging(world, decoder)
    uri = await upload(anna)
    tasks = [asyncio.ensure_future(thumbnail(anna, uri, 32, 32, method="crop")) for _ in range(10)]
    other = asyncio.ensure_future(thumbnail(anna, uri, 96, 96, method="crop"))
    await asyncio.sleep(0.05)
    assert not any(task.done() for task in tasks)
    decoder.go_on.set()
    assert {(await task).bytes for task in tasks} | {(await other).bytes} == {b"small", b"other"}
    assert len(decoder.asked) == 2


async def test_nobody_fills_the_line_for_the_others(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    decoder = Decoder(*[drawn() for _ in range(11)])
    decoder.go_on.clear()
    with_imaging(world, decoder)
    uris = [await upload(anna, b"picture %d" % number) for number in range(10)]
    asked = [asyncio.ensure_future(thumbnail(anna, uri)) for uri in uris]
    await asyncio.wait(asked, timeout=0.3)
    assert len(decoder.asked) == 4
    other = asyncio.ensure_future(thumbnail(boris, await upload(boris, b"another")))
    await asyncio.wait([other], timeout=0.3)
    assert len(decoder.asked) == 5
    assert decoder.read[-1] == b"another"
    decoder.go_on.set()
    assert {(await each).status for each in [*asked, other]} == {200}
    assert len(decoder.asked) == 11


async def test_where_the_one_who_makes_it_goes_away_another_goes_on(world: World) -> None:
    anna = await world.person(ANNA)
    decoder = Decoder(drawn(b"first"))
    decoder.go_on.clear()
    ctx = with_imaging(world, decoder)
    name = id_of(await upload(anna))
    first = asyncio.ensure_future(commands.make_thumbnail(ctx, anna.asker, name, SMALL))
    await asyncio.sleep(0.05)
    second = asyncio.ensure_future(commands.make_thumbnail(ctx, anna.asker, name, SMALL))
    await asyncio.sleep(0.05)
    assert len(decoder.asked) == 1
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    decoder.go_on.set()
    await second
    assert len(decoder.asked) == 2


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [(NotAPicture("broken"), 400, "M_UNKNOWN"), (PictureTooLarge("huge"), 413, "M_TOO_LARGE")],
)
async def test_a_failure_is_remembered_for_a_day(world: World, fault: Exception, status: int, code: str) -> None:
    anna = await world.person(ANNA)
    decoder = Decoder(fault, drawn())
    with_imaging(world, decoder)
    uri = await upload(anna)
    for _ in range(3):
        (await thumbnail(anna, uri)).refused(status, code)
    assert len(decoder.asked) == 1
    assert len(await stored(world)) == 1
    world.clock.advance(seconds=86_500)
    assert (await thumbnail(anna, uri)).bytes == b"small"
    assert len(decoder.asked) == 2


async def test_what_is_nobodys_fault_is_not_remembered(world: World) -> None:
    anna = await world.person(ANNA)
    busy = Refused(Refusal("M_UNKNOWN", 503, "busy", extra={"retry_after_ms": 2000}))
    decoder = Decoder(busy, drawn())
    with_imaging(world, decoder)
    uri = await upload(anna)
    (await thumbnail(anna, uri)).refused(503, "M_UNKNOWN")
    assert (await thumbnail(anna, uri)).status == 200


@pytest.mark.parametrize("step", ["read", "begin", "keep"])
async def test_a_store_that_is_away(world: World, step: str) -> None:
    anna = await world.person(ANNA)
    store = Faulty(world.commands.blobs)
    with_blobs(world, store)
    with_imaging(world, Decoder(drawn(), drawn()))
    uri = await upload(anna)
    store.faults = {step: BlobsAway("away")}
    (await thumbnail(anna, uri)).refused(503, "M_UNKNOWN")
    store.faults = {}
    assert (await thumbnail(anna, uri)).status == 200


async def test_only_whoever_may_read_a_file_has_its_thumbnails(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    decoder = Decoder(drawn())
    ctx = with_imaging(world, decoder)
    uri = await upload(anna)
    (await thumbnail(boris, uri)).refused(404, "M_NOT_FOUND")
    with pytest.raises(Refused) as caught:
        await commands.make_thumbnail(ctx, boris.asker, id_of(uri), SMALL)
    assert caught.value.refusal.code == "M_NOT_FOUND"
    with pytest.raises(Refused) as unknown:
        await commands.make_thumbnail(ctx, boris.asker, MediaId("unknown"), SMALL)
    assert unknown.value.refusal == caught.value.refusal
    assert decoder.asked == []
    room = await found(anna, boris)
    event = await send(anna, room, "m.room.message", message(uri))
    assert (await thumbnail(boris, uri)).status == 200
    await redact(anna, room, event)
    (await thumbnail(boris, uri)).refused(404, "M_NOT_FOUND")
    (await thumbnail(anna, uri)).refused(404, "M_NOT_FOUND")


async def test_a_file_that_is_removed_meanwhile_leaves_no_thumbnail(world: World) -> None:
    anna = await world.person(ANNA)
    decoder = Decoder(drawn(), NotAPicture("broken"))
    ctx = with_imaging(world, decoder)
    for _ in range(2):
        decoder.go_on.clear()
        name = id_of(await upload(anna))
        task = asyncio.ensure_future(commands.make_thumbnail(ctx, anna.asker, name, SMALL))
        await asyncio.sleep(0.05)
        await commands.remove_file(ctx, anna.asker, name)
        decoder.go_on.set()
        with pytest.raises(Refused) as caught:
            await task
        assert caught.value.refusal.code == "M_NOT_FOUND"
        await commands.delete_removed(ctx)
    world.clock.advance(seconds=3700)
    await commands.sweep_store(ctx)
    assert await stored(world) == []


async def test_of_a_pending_file_there_is_none_yet(world: World) -> None:
    anna = await world.person(ANNA)
    with_imaging(world, Decoder(drawn()))
    uri = await announce(anna)
    (await thumbnail(anna, uri, timeout_ms=0)).refused(504, "M_NOT_YET_UPLOADED")
    with pytest.raises(Refused) as caught:
        await commands.make_thumbnail(world.commands, anna.asker, id_of(uri), SMALL)
    assert caught.value.refusal.code == "M_NOT_YET_UPLOADED"
    waiting = asyncio.ensure_future(thumbnail(anna, uri))
    await asyncio.sleep(0.05)
    (await fill(anna, uri)).ok()
    assert (await waiting).bytes == b"small"


async def test_real_pictures(world: World) -> None:
    anna = await world.person(ANNA)
    wide, tiny = await upload(anna, png(2000, 1000)), await upload(anna, png(5, 5))
    for uri in (wide, tiny):
        answer = await thumbnail(anna, uri, 96, 96, method="crop")
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("image/")
    (await thumbnail(anna, await upload(anna, b"\x89PNG\r\n\x1a\nbut broken", kind="image/png"))).refused(
        400, "M_UNKNOWN"
    )
    (await thumbnail(anna, await upload(anna, b"<svg/>", kind="image/png"))).refused(400, "M_UNKNOWN")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"width": -1}, "M_INVALID_PARAM"),
        ({"height": 0}, "M_INVALID_PARAM"),
        ({"width": "ten"}, "M_INVALID_PARAM"),
        ({"width": "1.5"}, "M_INVALID_PARAM"),
        ({"method": "stretch"}, "M_INVALID_PARAM"),
        ({"animated": "maybe"}, "M_INVALID_PARAM"),
        ({"timeout_ms": "x"}, "M_INVALID_PARAM"),
    ],
)
async def test_wishes_that_make_no_sense(world: World, query: dict[str, Any], code: str) -> None:
    anna = await world.person(ANNA)
    uri = await upload(anna)
    asked: dict[str, Any] = {"width": 10, "height": 10, **query}
    (await thumbnail(anna, uri, **asked)).refused(400, code)
