"""Uploads that are refused in the middle, or at their end: nothing of them stays that nobody else wants."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cast import ANNA, BORIS
from tests.stage.media import announce, fetch, fill, id_of, send_file, stored, upload
from tests.stage.rooms import rows_of
from tests.stage.world import Person, World
from veche.commands import media as commands
from veche.commands.media import Upload, allowing
from veche.commands.media.deleting import delete_unless_wanted
from veche.domain.ids import Digest
from veche.domain.media import Usage
from veche.domain.refusals import Refused
from veche.live.media import UnderWay, Uploads
from veche.storage.blobs.disk import DiskBlobs
from veche.storage.blobs.incoming import Spool
from veche.storage.engines import StorageFull
from veche.storage.media import files
from veche.storage.writer import Transaction

PART = 300
SMALL = pytest.mark.settings(largest_upload=5_000_000, quota_per_person=1000, quota_of_server=1500)
Begun = asyncio.Task[str]


class Body:
    """A body without a length that comes part by part, as far as it is let; it counts what was taken of it."""

    def __init__(self, part: bytes = b"x" * PART) -> None:
        self.part = part
        self.taken = 0
        self.is_waiting = asyncio.Event()
        self._steps: asyncio.Queue[int] = asyncio.Queue()

    def go_on(self, parts: int) -> None:
        """Let so many parts come, or the end of it with 0."""
        self._steps.put_nowait(parts)

    async def arrived(self) -> None:
        """Wait until all that may come was taken."""
        await self._steps.join()

    async def parts(self) -> AsyncIterator[bytes]:
        """The body, as the command reads it."""
        while parts := await self._step():
            for _ in range(parts):
                self.taken += len(self.part)
                yield self.part
            self._steps.task_done()

    async def _step(self) -> int:
        self.is_waiting.set()
        return await self._steps.get()


def begin(world: World, person: Person, body: Body, length: int | None = None) -> Begun:
    """Begin to upload."""
    sent = Upload(body.parts(), length, "", None)
    return asyncio.ensure_future(commands.upload(world.commands, person.asker, sent))


async def whole(world: World, person: Person, content: bytes) -> str:
    """Upload a content without saying how long it is."""
    body = Body(content)
    body.go_on(1)
    body.go_on(0)
    return await begin(world, person, body)


async def refused(upload: Awaitable[object]) -> int:
    """Return the status with which an upload is refused."""
    with pytest.raises(Refused) as caught:
        await upload
    return caught.value.refusal.status


async def cancelled(upload: Begun) -> None:
    """Cancel an upload and wait for its end."""
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload


async def nothing_left(world: World, *people: Person, contents: int = 0) -> None:
    """Fail where more is in the store, half-way or counted in memory than should be."""
    assert len(await stored(world)) == contents
    assert await world.commands.blobs.sweep_incoming(2**60) == 0
    uploads = world.commands.live.media.uploads
    assert [uploads.of(person.user) for person in people] == [0] * len(people)
    assert vars(uploads) == {"_of": {}, "_bytes": 0}
    assert vars(world.commands.live.media.doomed) == {"_dooms": {}, "_pauses": 0}


@SMALL
@pytest.mark.parametrize(("before", "status"), [(0, 403), (900, 507)])
async def test_an_upload_of_unknown_length_is_read_no_further_than_the_quota(
    world: World, monkeypatch: pytest.MonkeyPatch, before: int, status: int
) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    if before:
        await upload(boris, b"b" * before)
    rows, written = await rows_of(world), list[int]()
    write = Spool.write

    def counted(spool: Spool, data: bytearray) -> None:
        written.append(len(data))
        write(spool, data)

    monkeypatch.setattr(Spool, "write", counted)
    for _ in range(10):
        body = Body()
        body.go_on(10_000)
        assert await refused(begin(world, anna, body)) == status
        assert body.taken <= 1000 + PART
    assert sum(written) <= 10 * 1000
    assert await rows_of(world) == rows
    await nothing_left(world, anna, contents=1 if before else 0)
    await whole(world, anna, b"x" * 600)


@SMALL
async def test_uploads_at_the_same_time_share_what_is_left(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, grow, held = await world.person(ANNA), Uploads.grow, list[int]()

    def counted(uploads: Uploads, upload: UnderWay, size: int) -> None:
        grow(uploads, upload, size)
        held.append(sum(body.taken for body, one in zip(bodies, begun, strict=True) if not one.done()))

    monkeypatch.setattr(Uploads, "grow", counted)
    bodies = [Body(bytes([number]) * PART) for number in range(5)]
    begun = [begin(world, anna, body) for body in bodies]
    for body in bodies:
        await body.is_waiting.wait()
    for body in bodies:
        body.go_on(10_000)
    assert [await refused(one) for one in begun] == [403] * 5
    assert max(held) <= 1000 + 5 * PART
    await nothing_left(world, anna)


@SMALL
async def test_what_is_on_its_way_counts_for_those_that_come_after(world: World) -> None:
    anna = await world.person(ANNA)
    first, second = Body(), Body(b"y" * PART)
    begun = begin(world, anna, first)
    first.go_on(2)
    await first.arrived()
    second.go_on(2)
    assert await refused(begin(world, anna, second)) == 403
    (await send_file(anna, b"z" * 401)).refused(403, "M_FORBIDDEN")
    uri = await upload(anna, b"z" * 400)
    first.go_on(0)
    assert (await fetch(anna, await begun)).bytes == b"x" * 600
    assert (await fetch(anna, uri)).bytes == b"z" * 400
    assert await world.queries.reader.run(lambda at: files.usage(at, anna.user)) == Usage(2, 1000)
    await nothing_left(world, anna, contents=2)


@SMALL
async def test_what_was_announced_is_reserved_of_the_own_quota_only(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    bodies = [Body(), Body()]
    begun = [begin(world, anna, bodies[0], 1000), begin(world, boris, bodies[1], 1000)]
    for body in bodies:
        await body.is_waiting.wait()
    (await send_file(anna, b"x")).refused(403, "M_FORBIDDEN")
    for one in begun:
        await cancelled(one)
    await upload(anna, b"x" * 1000)
    await nothing_left(world, anna, boris, contents=1)


@SMALL
async def test_of_two_that_fit_only_one_at_a_time_the_first_is_taken(world: World) -> None:
    anna = await world.person(ANNA)
    answers = await asyncio.gather(*(send_file(anna, bytes([number]) * 600) for number in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 403, 403, 403]
    await nothing_left(world, anna, contents=1)


@SMALL
async def test_place_that_is_made_meanwhile_may_be_used(world: World) -> None:
    anna = await world.person(ANNA)
    uri = await upload(anna, b"a" * 900)
    body = Body(b"x" * 50)
    begun = begin(world, anna, body)
    body.go_on(2)
    await commands.remove_file(world.commands, anna.asker, id_of(uri))
    body.go_on(2)
    body.go_on(0)
    assert (await fetch(anna, await begun)).bytes == b"x" * 200


@pytest.mark.settings(quota_per_person=1_000_000)
async def test_what_others_committed_meanwhile_is_seen_before_the_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowing, "LOOK_AGAIN", 100_000)
    anna = await world.person(ANNA)
    body = Body(b"x" * 30_000)
    begun = begin(world, anna, body)
    body.go_on(1)
    await upload(anna, b"y" * 900_000)
    body.go_on(10_000)
    assert await refused(begun) == 403
    assert body.taken <= 30_000 + 100_000 + 30_000
    await nothing_left(world, anna, contents=1)


async def test_of_fills_that_lose_nothing_stays(world: World) -> None:
    anna = await world.person(ANNA)
    uri = await announce(anna)
    answers = await asyncio.gather(*(fill(anna, uri, bytes([number]) * 9) for number in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
    await nothing_left(world, anna, contents=1)


async def test_where_the_database_is_full_no_content_stays(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    uri = await upload(boris, b"shared")

    def full(*_: object) -> None:
        raise StorageFull("full")

    monkeypatch.setattr(files, "add", full)
    for content in (b"own", b"shared"):
        (await send_file(anna, content)).refused(507, "M_RESOURCE_LIMIT_EXCEEDED")
    await nothing_left(world, anna, contents=1)
    assert (await fetch(boris, uri)).bytes == b"shared"


async def test_one_of_two_with_the_same_contents_fails(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that fails leaves the contents to the other, whose row is not there yet."""
    anna, boris = await world.people(ANNA, BORIS)
    run, go_on, waits = world.commands.writer.run, asyncio.Event(), asyncio.Event()

    async def late(work: Callable[[Transaction], Any]) -> Any:
        monkeypatch.undo()
        waits.set()
        await go_on.wait()
        return await run(work)

    monkeypatch.setattr(world.commands.writer, "run", late)
    first = asyncio.ensure_future(whole(world, anna, b"same"))
    await waits.wait()
    monkeypatch.setattr(files, "add", lambda *_: _refuse())
    assert await refused(whole(world, boris, b"same")) == 409
    monkeypatch.undo()
    go_on.set()
    assert (await fetch(anna, await first)).bytes == b"same"
    await nothing_left(world, anna, boris, contents=1)


@pytest.mark.parametrize("moment", ["before the row", "after the row"])
async def test_a_request_that_is_cancelled_at_its_end(
    world: World, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Where its row is on its way the contents stay with it, and go otherwise."""
    anna = await world.person(ANNA)
    run = world.commands.writer.run

    async def cancelled_inside(work: Callable[[Transaction], Any]) -> Any:
        monkeypatch.undo()
        if moment == "after the row":
            run(work)
        raise asyncio.CancelledError

    monkeypatch.setattr(world.commands.writer, "run", cancelled_inside)
    with pytest.raises(asyncio.CancelledError):
        await whole(world, anna, b"some bytes")
    has_row = moment == "after the row"
    assert await world.queries.reader.run(lambda at: files.usage(at, anna.user)) == Usage(has_row, 10 * has_row)
    await nothing_left(world, anna, contents=int(has_row))


async def test_a_request_that_is_cancelled_while_its_contents_are_stored(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = await world.person(ANNA)
    put, is_storing = DiskBlobs._put, asyncio.Event()  # noqa: SLF001
    loop = asyncio.get_running_loop()

    def slowly(blobs: DiskBlobs, spool: Spool, path: Path, size: int) -> None:
        loop.call_soon_threadsafe(is_storing.set)
        time.sleep(0.05)
        put(blobs, spool, path, size)

    monkeypatch.setattr(DiskBlobs, "_put", slowly)
    begun = asyncio.ensure_future(whole(world, anna, b"some bytes"))
    await is_storing.wait()
    await cancelled(begun)
    await nothing_left(world, anna)


async def test_an_intention_to_delete_is_not_renewed_by_a_later_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep has looked, the contents come and are committed, another upload of them fails; then the sweep goes on."""
    anna, boris = await world.people(ANNA, BORIS)
    await commands.remove_file(world.commands, anna.asker, id_of(await upload(anna, b"same")))
    run, addresses = world.commands.writer.run, list[str]()
    failing: list[asyncio.Task[Any]] = []
    failed_waits, go_on = asyncio.Event(), asyncio.Event()

    async def look_late(work: Callable[[Transaction], Any]) -> Any:
        failed_waits.set()
        await go_on.wait()
        return await run(work)

    async def look(work: Callable[[Transaction], Any]) -> Any:
        found = await run(work)
        monkeypatch.undo()
        addresses.append(await upload(anna, b"same"))
        monkeypatch.setattr(world.commands.writer, "run", look_late)
        failing.append(asyncio.ensure_future(delete_unless_wanted(world.commands, _digest(b"same"))))
        await failed_waits.wait()
        monkeypatch.undo()
        return found

    monkeypatch.setattr(world.commands.writer, "run", look)
    await commands.delete_removed(world.commands)
    go_on.set()
    await asyncio.gather(*failing)
    assert (await fetch(anna, addresses[0])).bytes == b"same"
    await nothing_left(world, anna, boris, contents=1)


def _digest(content: bytes) -> Digest:
    return Digest(hashlib.sha256(content).hexdigest())


def _refuse() -> None:
    raise Refused(commands.uploading.FILLED)
