"""Files over real sockets: streamed in constant memory both ways, cut off, endless, in parts; and many tiny ones."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.cast import ANNA, BORIS
from tests.effort import effort
from tests.stage.media import OLD, path_of, png, thumbnail, upload
from tests.stage.people import Person
from tests.stage.rooms import found
from tests.stage.sockets import RealTown
from tests.stage.wire import wire
from veche.domain.media.quotas import MOST_DOWNLOADS_AT_ONCE

PART = b"0123456789abcdef" * 2**14
LARGE = 192 * 2**20
MOST_GROWTH = 64 * 2**20
LARGE_UPLOADS = pytest.mark.settings(largest_upload=2**30)


def memory(world: RealTown) -> int:
    """How much memory the server holds, in bytes."""
    status = Path(f"/proc/{world.server.pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024


def peak(world: RealTown) -> int:
    """How much it has held at most since ``reset_peak``."""
    status = Path(f"/proc/{world.server.pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def reset_peak(world: RealTown) -> None:
    """Begin to measure the peak anew."""
    Path(f"/proc/{world.server.pid}/clear_refs").write_text("5")


def files(world: RealTown) -> list[Path]:
    """All files in the store."""
    return [path for path in (world.server.place.data / "media").rglob("*") if path.is_file()]


async def parts(size: int, *, then: float = 0.0) -> AsyncIterator[bytes]:
    """So many bytes, part by part; then silence for so many seconds."""
    for _ in range(size // len(PART)):
        yield PART
    await asyncio.sleep(then)


def by(person: Person) -> dict[str, str]:
    """The headers of somebody's requests."""
    return {"Authorization": f"Bearer {person.token}"}


@LARGE_UPLOADS
async def test_a_large_file_goes_through_in_constant_memory(world: RealTown) -> None:
    anna = await world.person(ANNA)
    await upload(anna)
    before = memory(world)
    reset_peak(world)
    digest, size = hashlib.sha256(), 0
    async with aiohttp.ClientSession(world.server.url, headers=by(anna)) as session:
        async with session.post(f"{OLD}/upload", data=parts(LARGE)) as answer:
            assert answer.status == 200
            uri = (await answer.json())["content_uri"]
        async with session.get(path_of(uri)) as answer:
            async for part in answer.content.iter_chunked(2**20):
                digest.update(part)
                size += len(part)
    assert (size, digest.hexdigest()) == (LARGE, hashlib.sha256(PART * (LARGE // len(PART))).hexdigest())
    assert peak(world) - before < MOST_GROWTH


@LARGE_UPLOADS
async def test_a_reader_who_takes_nothing_costs_nothing(world: RealTown) -> None:
    anna = await world.person(ANNA)
    async with aiohttp.ClientSession(world.server.url, headers=by(anna)) as session:
        async with session.post(f"{OLD}/upload", data=parts(LARGE // 4)) as answer:
            uri = (await answer.json())["content_uri"]
        before = memory(world)
        reset_peak(world)
        waiting = [await session.get(path_of(uri)) for _ in range(MOST_DOWNLOADS_AT_ONCE - 1)]
        await asyncio.sleep(1)
        assert peak(world) - before < MOST_GROWTH
        for answer in waiting:
            answer.close()
        async with session.get(path_of(uri), headers={"Range": "bytes=1000000-1000015"}) as answer:
            assert (answer.status, await answer.read()) == (206, (PART * 5)[1_000_000:1_000_016])


@pytest.mark.settings(largest_upload=2**20)
async def test_endless_and_broken_uploads_leave_nothing(world: RealTown) -> None:
    anna = await world.person(ANNA)
    async with aiohttp.ClientSession(world.server.url, headers=by(anna)) as session:
        with pytest.raises(aiohttp.ClientError):  # cut off, as it never ends
            async with session.post(f"{OLD}/upload", data=parts(2**28)) as answer:
                answer.raise_for_status()
        declared = {"Content-Length": str(2**21)}
        async with session.post(f"{OLD}/upload", data=parts(2**21), headers=declared) as answer:
            assert (answer.status, (await answer.json())["errcode"]) == (413, "M_TOO_LARGE")
    head = (
        f"POST {OLD}/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {anna.token}\r\nContent-Length: 900000\r\n\r\n"
    )
    for length in (0, 1, 600_000):
        async with wire(world.server) as line:
            await line.say(head.encode() + b"x" * length)
    assert (await anna.get("/account/whoami")).status == 200
    for _ in range(200):
        if not files(world):
            break
        await asyncio.sleep(0.05)
    assert files(world) == []
    assert (await anna.get("/_veche/v1/media/files")).ok()["usage"]["files"] == 0


async def test_many_tiny_uploads(world: RealTown) -> None:
    anna = await world.person(ANNA)
    await asyncio.gather(*(upload(anna, b"first %d" % number) for number in range(10)))
    before = memory(world)
    count = effort("tiny_uploads")
    for start in range(0, count, 10):
        await asyncio.gather(*(upload(anna, b"tiny %d" % number) for number in range(start, start + 10)))
    usage = (await anna.get("/_veche/v1/media/files", limit=1)).ok()["usage"]
    assert usage["files"] == count + 10
    assert len(files(world)) == count + 10
    assert memory(world) - before < MOST_GROWTH


async def test_pictures_and_links_between_people(world: RealTown) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await found(anna, boris)
    uri = await upload(anna, png(640, 480), kind="image/png", filename="вид.png")
    head = await world.call("HEAD", path_of(uri), token=boris.token)
    assert (head.status, head.bytes) == (200, b"")
    assert head.headers["content-disposition"].endswith("filename*=UTF-8''%D0%B2%D0%B8%D0%B4.png")
    small = await thumbnail(boris, uri, 96, 96, method="crop")
    assert small.status == 200
    link = (await anna.post(f"/_veche/v1/media/{uri.rpartition('/')[2]}/link")).ok()
    assert link["url"].startswith(f"{world.server.url}/f/")
    opened = await world.call("GET", f"/f/{link['short']}", token=boris.token)
    assert opened.bytes == png(640, 480)
    page = await world.call("GET", f"/f/{link['short']}", headers={"accept": "text/html"})
    assert "<form" in page.bytes.decode()
    assert (await world.call("GET", path_of(uri), token=boris.token, headers={"if-none-match": "*"})).status == 304
    await world.restart()
    assert (await world.call("GET", f"/f/{link['short']}", token=boris.token)).bytes == png(640, 480)
