"""Uploading: at once and in two steps; limits; and what fails half-way leaves nothing, on both engines."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from tests.cast import ANNA, BORIS
from tests.stage.media import Faulty, announce, fetch, fill, id_of, send_file, stored, upload, with_blobs
from tests.stage.rooms import rows_of
from tests.stage.world import Person, World
from veche.commands import accounts, moderation, sessions
from veche.commands import media as commands
from veche.commands.context import Context
from veche.commands.media import Upload
from veche.domain.media import Usage
from veche.domain.refusals import Refused
from veche.domain.sessions import OPERATOR
from veche.storage.blobs import BlobFault, BlobsAway, BlobsFull
from veche.storage.media import files

UPLOAD, CREATE = "/_matrix/media/v3/upload", "/_matrix/media/v1/create"
SMALL = pytest.mark.settings(largest_upload=1000, quota_per_person=2500, quota_of_server=4000, pending_uploads=2)


async def usage(world: World, *people: Person) -> list[Usage]:
    """What the files of people come to, and those of all."""
    users = [person.user for person in people] + [files.EVERYBODY]
    return await world.queries.reader.run(lambda at: [files.usage(at, user) for user in users])


async def untouched(world: World, before: dict[str, int], contents: int = 0) -> None:
    """Fail where a refused upload left a row, a content, or anything half-done."""
    assert await rows_of(world) == before
    assert len(await stored(world)) == contents
    assert await world.commands.blobs.sweep_incoming(2**60) == 0
    assert world.queries.live.media.uploads.of(world.commands.limits.server_name) == 0  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [0, 1, 70_000, 1_500_000])
async def test_a_file_comes_back_as_it_was_sent(world: World, size: int) -> None:
    anna = await world.person(ANNA)
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    uri = await upload(anna, body, kind="image/png", filename="ж.png")
    await world.restart()
    answer = await fetch(anna, uri)
    assert (answer.status, answer.bytes) == (200, body)
    assert answer.headers["content-length"] == str(size)
    assert await usage(world, anna) == [Usage(1, size)] * 2


async def test_what_is_the_same_is_stored_once_and_counts_for_each(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    addresses = {await upload(anna, b"same"), await upload(anna, b"same"), await upload(boris, b"same")}
    assert len(addresses) == 3
    assert len(await stored(world)) == 1
    assert await usage(world, anna, boris) == [Usage(2, 8), Usage(1, 4), Usage(3, 12)]


@SMALL
async def test_what_is_too_large_is_refused_before_it_is_read(world: World) -> None:
    anna = await world.person(ANNA)
    before = await rows_of(world)

    read = []

    async def body() -> AsyncIterator[bytes]:
        read.append(1)
        yield b""

    with pytest.raises(Refused) as caught:
        await commands.upload(world.commands, anna.asker, Upload(body(), 1001, "", None))
    assert (caught.value.refusal.status, caught.value.refusal.code) == (413, "M_TOO_LARGE")
    assert not read
    await untouched(world, before)
    assert (await send_file(anna, b"x" * 1000)).status == 200


@SMALL
async def test_an_endless_upload_is_cut_off_at_the_limit(world: World) -> None:
    anna = await world.person(ANNA)
    before, taken = await rows_of(world), []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            taken.append(1)
            yield b"x" * 300

    with pytest.raises(Refused) as caught:
        await commands.upload(world.commands, anna.asker, Upload(endless(), None, "", None))
    assert caught.value.refusal.status == 413
    assert len(taken) == 4
    await untouched(world, before)


async def test_a_truncated_upload_leaves_nothing(world: World) -> None:
    anna = await world.person(ANNA)
    before = await rows_of(world)

    async def torn(fault: BaseException | None) -> AsyncIterator[bytes]:
        yield b"x" * 300_000
        if fault is not None:
            raise fault

    with pytest.raises(Refused) as caught:
        await commands.upload(world.commands, anna.asker, Upload(torn(None), 400_000, "", None))
    assert caught.value.refusal.status == 400
    with pytest.raises(ConnectionError):
        await commands.upload(world.commands, anna.asker, Upload(torn(ConnectionError()), None, "", None))
    await untouched(world, before)


async def test_an_upload_that_is_cancelled_leaves_nothing(world: World) -> None:
    anna = await world.person(ANNA)
    before, begun = await rows_of(world), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"x" * 600_000
        begun.set()
        await asyncio.sleep(3600)

    task = asyncio.ensure_future(commands.upload(world.commands, anna.asker, Upload(slow(), None, "", None)))
    await begun.wait()
    assert world.queries.live.media.uploads.of(anna.user) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.queries.live.media.uploads.of(anna.user) == 0
    await untouched(world, before)


@SMALL
async def test_quotas_of_people_and_of_the_server(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    for _ in range(2):
        await upload(anna, b"x" * 1000)
    before = await rows_of(world)
    (await send_file(anna, b"x" * 501)).refused(403, "M_FORBIDDEN")
    await untouched(world, before, 1)
    await upload(anna, b"x" * 500)
    await upload(boris, b"y" * 1000)
    before = await rows_of(world)
    (await send_file(boris, b"y" * 501)).refused(507, "M_RESOURCE_LIMIT_EXCEEDED")
    await untouched(world, before, 3)
    assert await usage(world, anna, boris) == [Usage(3, 2500), Usage(1, 1000), Usage(4, 3500)]


@SMALL
async def test_two_uploads_at_once_do_not_slip_under_one_quota(world: World) -> None:
    anna = await world.person(ANNA)
    answers = await asyncio.gather(*(send_file(anna, bytes([number]) * 1000) for number in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 200, 403, 403]
    assert await usage(world, anna) == [Usage(2, 2000)] * 2
    assert len(await stored(world)) == 2


@pytest.mark.settings(largest_upload=10)
async def test_one_person_has_only_so_many_uploads_under_way(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    go_on = asyncio.Event()

    begun = [asyncio.Event() for _ in range(20)]

    async def waiting(begin: asyncio.Event) -> AsyncIterator[bytes]:
        begin.set()
        await go_on.wait()
        yield b"x"

    tasks = [
        asyncio.ensure_future(commands.upload(world.commands, anna.asker, Upload(waiting(one), None, "", None)))
        for one in begun
    ]
    for begin in begun:
        await begin.wait()
    assert (await send_file(anna)).refused(429, "M_LIMIT_EXCEEDED")["retry_after_ms"] > 0
    assert (await send_file(boris)).status == 200
    go_on.set()
    assert len(set(await asyncio.gather(*tasks))) == 20
    assert (await send_file(anna)).status == 200


async def test_announcing_and_uploading_later(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    made = (await anna.post(CREATE)).ok()
    assert made["unused_expires_at"] == pytest.approx(world.clock() + 86_400_000, abs=60_000)
    uri = made["content_uri"]
    assert await usage(world, anna) == [Usage()] * 2
    before = await rows_of(world)
    (await fill(boris, uri)).refused(403, "M_FORBIDDEN")
    (await fetch(anna, uri, timeout_ms=0)).refused(504, "M_NOT_YET_UPLOADED")
    (await fetch(boris, uri, timeout_ms=0)).refused(404, "M_NOT_FOUND")
    await untouched(world, before)
    assert (await fill(anna, uri, b"later", filename="later.txt")).ok() == {}
    answer = await fetch(anna, uri)
    assert (answer.bytes, answer.headers["content-disposition"]) == (b"later", 'attachment; filename="later.txt"')
    (await fill(anna, uri, b"again")).refused(409, "M_CANNOT_OVERWRITE_MEDIA")
    assert (await fetch(anna, uri)).bytes == b"later"
    assert await usage(world, anna) == [Usage(1, 5)] * 2
    (await fill(anna, await upload(anna), b"again")).refused(409, "M_CANNOT_OVERWRITE_MEDIA")
    assert (await anna.call("POST", CREATE, b"")).status == 200


async def test_only_one_of_two_fills_wins(world: World) -> None:
    anna = await world.person(ANNA)
    uri = await announce(anna)
    answers = await asyncio.gather(*(fill(anna, uri, bytes([number]) * 9) for number in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
    assert await usage(world, anna) == [Usage(1, 9)] * 2


@pytest.mark.parametrize(
    "uri", ["mxc://veche.test/unknown", "mxc://other.test/abc", "mxc://veche.test/a.b", "mxc://veche.test/%2e%2e"]
)
async def test_what_was_not_announced_cannot_be_uploaded(world: World, uri: str) -> None:
    anna = await world.person(ANNA)
    (await fill(anna, uri)).refused(404, "M_NOT_FOUND")


@SMALL
async def test_only_so_many_uploads_are_pending(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    first = await announce(anna)
    await announce(anna)
    assert (await anna.post(CREATE)).refused(429, "M_LIMIT_EXCEEDED")["retry_after_ms"] > 0
    await announce(boris)
    assert (await fill(anna, first)).status == 200
    await announce(anna)
    world.clock.advance(seconds=90_000)
    await announce(anna)


async def test_what_was_announced_and_not_uploaded_expires(world: World) -> None:
    anna = await world.person(ANNA)
    unused, used = await announce(anna), await announce(anna)
    assert (await fill(anna, used)).status == 200
    world.clock.advance(seconds=86_399)
    await commands.expire_announced(world.commands)
    (await fetch(anna, unused, timeout_ms=0)).refused(504, "M_NOT_YET_UPLOADED")
    world.clock.advance(seconds=2)
    for _ in range(2):
        (await fetch(anna, unused, timeout_ms=0)).refused(404, "M_NOT_FOUND")
        (await fill(anna, unused)).refused(404, "M_NOT_FOUND")
        await commands.expire_announced(world.commands)
    assert (await fetch(anna, used)).status == 200


@pytest.mark.parametrize("step", ["begin", "add", "keep"])
@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [(BlobsFull("full"), 507, "M_RESOURCE_LIMIT_EXCEEDED"), (BlobsAway("away"), 503, "M_UNKNOWN")],
)
async def test_a_store_that_fails(world: World, step: str, fault: BlobFault, status: int, code: str) -> None:
    anna = await world.person(ANNA)
    store = Faulty(world.commands.blobs)
    with_blobs(world, store)
    uri, before = await announce(anna), await rows_of(world)
    before = await rows_of(world)
    store.faults = {step: fault, "discard": BlobsAway("away")}
    for answer in (await send_file(anna, b"x" * 5000), await fill(anna, uri, b"x" * 5000)):
        told = answer.refused(status, code)
        assert "store of files" in told["error"]
        assert (answer.headers.get("retry-after") == "10") == (status == 503)
    await untouched(world, before)
    assert (await anna.get("/account/whoami")).status == 200
    store.faults = {}
    assert (await fill(anna, uri, b"x" * 5000)).status == 200


async def test_where_the_writer_is_gone_contents_are_swept_later(world: World) -> None:
    anna = await world.person(ANNA)
    before = await rows_of(world)

    class Refusing:
        def run(self, work: object) -> None:
            raise Refused(commands.uploading.FILLED)

    ctx = _with_writer(world.commands, Refusing())
    with pytest.raises(Refused):
        await commands.upload(ctx, anna.asker, Upload(_parts(b"x"), 1, "", None))
    assert await rows_of(world) == before
    world.clock.advance(seconds=7200)
    assert await commands.sweep_store(world.commands) == 1, "it is not held any more"
    await untouched(world, before)


async def test_ids_cannot_be_guessed(world: World) -> None:
    anna = await world.person(ANNA)
    ids = {id_of(await upload(anna)) for _ in range(50)} | {id_of(await announce(anna)) for _ in range(50)}
    assert len(ids) == 100
    assert {len(one) for one in ids} == {24}, "144 bits"


def _with_writer(ctx: Context, writer: object) -> Context:
    return msgspec.structs.replace(ctx, writer=writer)


async def _parts(body: bytes) -> AsyncIterator[bytes]:
    yield body


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("lock", "M_USER_LOCKED"),
        ("suspend", "M_USER_SUSPENDED"),
        ("close", "M_FORBIDDEN"),
        ("sign out", "M_UNKNOWN_TOKEN"),
    ],
)
@pytest.mark.parametrize("was_announced", [False, True])
async def test_an_upload_under_way_ends_with_its_owners_leave(
    world: World, what: str, code: str, was_announced: bool
) -> None:
    anna, ctx = await world.person(ANNA), world.commands
    uri = await announce(anna)
    before, begun, goes_on = len(await stored(world)), asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"x" * 600_000
        begun.set()
        await goes_on.wait()
        yield b"x"

    sent = Upload(slow(), None, "", None)

    async def send() -> None:
        if was_announced:
            await commands.fill(ctx, anna.asker, "veche.test", id_of(uri), sent)
        else:
            await commands.upload(ctx, anna.asker, sent)

    upload_begun = asyncio.ensure_future(send())
    await begun.wait()
    await {
        "lock": lambda: moderation.restrict(ctx, OPERATOR, anna.user, "lock"),
        "suspend": lambda: moderation.restrict(ctx, OPERATOR, anna.user, "suspension"),
        "close": lambda: accounts.deactivate_account(ctx, OPERATOR, anna.user, erases=False),
        "sign out": lambda: sessions.sign_somebody_out(ctx, OPERATOR, anna.user, None),
    }[what]()
    goes_on.set()
    with pytest.raises(Refused) as caught:
        await upload_begun
    assert caught.value.refusal.code == code
    assert await usage(world, anna) == [Usage(0, 0)] * 2
    assert len(await stored(world)) == before
