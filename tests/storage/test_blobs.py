"""Both stores of files: what goes in comes out, once, in parts, and nobody deletes what somebody holds."""

import asyncio
import os
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tests.stage.shelves import MEBIBYTE, Shelf, content_of, digest_of, put, whole
from veche.domain.ids import Digest
from veche.storage.blobs import LARGEST_PART, BlobMissing, disk
from veche.storage.blobs.holds import Holds

SIZES = (0, 1, 4095, LARGEST_PART, LARGEST_PART + 1, 2 * MEBIBYTE, 40 * MEBIBYTE + 7)
LONG_AGO, ONE_DAY = 0, 86_400_000
FAR_AHEAD = 2**42
UNKNOWN = digest_of(b"nobody has stored this")
TRAVERSALS = ("", "..", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n", "a" * 62 + "/.", "\x00" * 64)


@pytest.mark.parametrize("size", SIZES)
async def test_what_goes_in_comes_out(shelf: Shelf, size: int) -> None:
    content = content_of(size)
    digest = await put(shelf.blobs, content)
    assert digest == digest_of(content)
    assert await shelf.blobs.size(digest) == size
    parts = [part async for part in shelf.blobs.read(digest)]
    assert b"".join(parts) == content
    assert max(map(len, parts), default=0) <= LARGEST_PART
    assert [(stored.digest, stored.size) for stored in await shelf.stored()] == [(digest, size)]
    assert shelf.incoming() == []


@pytest.mark.parametrize(
    ("start", "length"),
    [
        (0, 0),
        (0, 1),
        (0, 700_000),
        (0, 699_999),
        (5, None),
        (5, 300_000),
        (262_143, 2),
        (699_999, None),
        (699_999, 1),
        (700_000, 0),
        (700_000, None),
    ],
)
async def test_a_stretch_can_be_read(shelf: Shelf, start: int, length: int | None) -> None:
    content = content_of(700_000)
    digest = await put(shelf.blobs, content)
    end = len(content) if length is None else start + length
    assert await whole(shelf.blobs.read(digest, start, length)) == content[start:end]


@pytest.mark.parametrize(("start", "length"), [(0, 1001), (999, 2), (1001, None), (1001, 0), (5000, 10)])
async def test_more_than_there_is_cannot_be_read(shelf: Shelf, start: int, length: int | None) -> None:
    digest = await put(shelf.blobs, content_of(1000))
    with pytest.raises(BlobMissing):
        await anext(shelf.blobs.read(digest, start, length), None)


@pytest.mark.parametrize(("start", "length"), [(0, None), (0, 0), (0, 1), (3, None), (3, 4)])
async def test_what_nobody_stored_is_missing(shelf: Shelf, start: int, length: int | None) -> None:
    assert await shelf.blobs.size(UNKNOWN) is None
    with pytest.raises(BlobMissing):
        await whole(shelf.blobs.read(UNKNOWN, start, length))


async def test_a_content_is_stored_once(shelf: Shelf) -> None:
    content = content_of(MEBIBYTE)
    digests = await asyncio.gather(*(put(shelf.blobs, content) for _ in range(8)))
    assert await put(shelf.blobs, content) == digest_of(content)
    assert set(digests) == {digest_of(content)}
    assert [stored.digest for stored in await shelf.stored()] == [digest_of(content)]
    assert shelf.incoming() == []
    assert await whole(shelf.blobs.read(digest_of(content))) == content


async def test_contents_do_not_get_mixed_up(shelf: Shelf) -> None:
    contents = [content_of(size, size) for size in range(500_000, 1_500_000, 70_000)]
    digests = await asyncio.gather(*(put(shelf.blobs, content) for content in contents))
    assert digests == [digest_of(content) for content in contents]
    read = await asyncio.gather(*(whole(shelf.blobs.read(digest)) for digest in digests))
    assert read == contents


async def test_many_tiny_parts_are_gathered(shelf: Shelf) -> None:
    content = content_of(20_000)
    assert await put(shelf.blobs, content, part=1) == digest_of(content)


async def test_what_is_half_way_is_not_there(shelf: Shelf) -> None:
    incoming = await shelf.blobs.begin()
    await incoming.add(content_of(2 * MEBIBYTE))
    assert incoming.size == 2 * MEBIBYTE
    assert await shelf.stored() == []
    assert len(shelf.incoming()) == 1
    await incoming.discard()
    await incoming.discard()
    assert shelf.incoming() == []
    assert await shelf.stored() == []


async def test_nothing_is_deleted_while_it_is_held(shelf: Shelf) -> None:
    content = content_of(1000)
    first, second = await shelf.blobs.begin(), await shelf.blobs.begin()
    for incoming in (first, second):
        await incoming.add(content)
        digest = await incoming.keep()
    assert not await shelf.blobs.delete(digest)
    first.release()
    first.release()
    assert not await shelf.blobs.delete(digest), "the other one still holds it"
    assert await whole(shelf.blobs.read(digest)) == content
    second.release()
    assert await shelf.blobs.delete(digest)
    assert await shelf.blobs.size(digest) is None
    assert await shelf.blobs.delete(digest), "it is gone already"
    await first.discard()
    await second.discard()


async def test_a_content_comes_back_after_its_deletion(shelf: Shelf) -> None:
    content = content_of(1000)
    for _ in range(3):
        digest = await put(shelf.blobs, content)
        assert await whole(shelf.blobs.read(digest)) == content
        assert await shelf.blobs.delete(digest)
        assert await shelf.stored() == []


class Gate:
    """Stops a thread just before it does something."""

    def __init__(self) -> None:
        self.is_reached = threading.Event()
        self.may_go_on = threading.Event()

    def before(self, do: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``do`` with this gate before it."""

        def wait_first(*params: Any, **named: Any) -> Any:
            self.is_reached.set()
            self.may_go_on.wait()
            return do(*params, **named)

        return wait_first


@contextmanager
def gate_before_deletion(shelf: Shelf) -> Iterator[Gate]:
    """Every deletion waits at a gate, decided but not yet carried out."""
    gate = Gate()
    if shelf.kind == "disk":
        with patch.object(disk, "_unlink", gate.before(disk._unlink)):  # noqa: SLF001
            yield gate
    else:
        once = shelf.blobs._connection.once  # type: ignore[attr-defined]  # noqa: SLF001
        with patch.object(once, "delete_object", gate.before(once.delete_object)):
            yield gate


async def store_while_it_is_swept(shelf: Shelf) -> bytes | None:
    """Store a content again in the very moment of its deletion; return what is there afterwards."""
    content = content_of(1000)
    digest = await put(shelf.blobs, content)
    with gate_before_deletion(shelf) as gate:
        deletion = asyncio.ensure_future(shelf.blobs.delete(digest))
        await asyncio.to_thread(gate.is_reached.wait)
        incoming = await shelf.blobs.begin()
        await incoming.add(content)
        keeping = asyncio.ensure_future(incoming.keep())
        await asyncio.wait([keeping], timeout=0.3)  # without the law it comes through by now
        gate.may_go_on.set()
        assert await deletion
        await keeping
    try:
        return await whole(shelf.blobs.read(digest))
    except BlobMissing:
        return None
    finally:
        await incoming.discard()


async def test_storing_again_waits_for_the_deletion(shelf: Shelf) -> None:
    assert await store_while_it_is_swept(shelf) == content_of(1000)


async def test_a_hold_that_does_not_wait_would_be_noticed(shelf: Shelf) -> None:
    async def take(self: Holds, digest: Digest) -> None:
        self._held[digest] += 1

    with patch.object(Holds, "take", take):
        assert await store_while_it_is_swept(shelf) is None


async def test_only_one_deletes_at_a_time(shelf: Shelf) -> None:
    digest = await put(shelf.blobs, b"content")
    with gate_before_deletion(shelf) as gate:
        deletion = asyncio.ensure_future(shelf.blobs.delete(digest))
        await asyncio.to_thread(gate.is_reached.wait)
        assert not await shelf.blobs.delete(digest)
        gate.may_go_on.set()
        assert await deletion


async def test_who_waits_for_a_deletion_may_go_away(shelf: Shelf) -> None:
    digest = await put(shelf.blobs, b"content")
    with gate_before_deletion(shelf) as gate:
        deletion = asyncio.ensure_future(shelf.blobs.delete(digest))
        await asyncio.to_thread(gate.is_reached.wait)
        upload = asyncio.ensure_future(put(shelf.blobs, b"content"))
        await asyncio.wait([upload], timeout=0.3)
        upload.cancel()
        await asyncio.wait([upload])
        assert upload.cancelled()
        gate.may_go_on.set()
        assert await deletion
    assert shelf.incoming() == []
    assert await put(shelf.blobs, b"content") == digest
    assert await shelf.blobs.delete(digest), "the one who went away holds nothing"


async def test_sweeping_and_storing_at_once_loses_nothing(shelf: Shelf) -> None:
    contents = [content_of(3000, seed) for seed in range(3)]
    is_over = False

    async def sweep() -> None:
        while not is_over:
            for content in contents:
                await shelf.blobs.delete(digest_of(content))
                await asyncio.sleep(0)  # a refusal is instant

    async def store(content: bytes) -> None:
        for _ in range(30):
            incoming = await shelf.blobs.begin()
            await incoming.add(content)
            digest = await incoming.keep()
            assert await whole(shelf.blobs.read(digest)) == content
            incoming.release()
            await incoming.discard()

    sweeping = [asyncio.ensure_future(sweep()) for _ in range(2)]
    await asyncio.gather(*(store(content) for content in contents * 2))
    is_over = True
    await asyncio.gather(*sweeping)
    assert shelf.incoming() == []


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8, 13, 40])
async def test_a_cancelled_upload_leaves_nothing_half_way(shelf: Shelf, turns: int) -> None:
    upload = asyncio.ensure_future(put(shelf.blobs, content_of(3 * MEBIBYTE)))
    for _ in range(turns):
        await asyncio.sleep(0.001)
    upload.cancel()
    await asyncio.wait([upload])
    assert shelf.incoming() == []
    for stored in await shelf.stored():
        assert await whole(shelf.blobs.read(stored.digest)) == content_of(3 * MEBIBYTE)
        assert await shelf.blobs.delete(stored.digest), "nobody holds it"


async def test_a_reader_may_stop_anywhere(shelf: Shelf) -> None:
    digest = await put(shelf.blobs, content_of(3 * MEBIBYTE))
    before = open_files()
    for wanted in (0, 1, 3):
        reading = shelf.blobs.read(digest)
        for _ in range(wanted):
            await anext(reading)
        await reading.aclose()
    reader = asyncio.ensure_future(whole(shelf.blobs.read(digest)))
    await asyncio.sleep(0.005)
    reader.cancel()
    await asyncio.wait([reader])
    if shelf.kind == "disk":
        assert open_files() == before
    assert await whole(shelf.blobs.read(digest)) == content_of(3 * MEBIBYTE)


async def test_the_sweep_leaves_alone_what_is_young_or_in_use(shelf: Shelf) -> None:
    incoming = await shelf.blobs.begin()
    await incoming.add(b"in use")
    left = shelf.folder / "incoming" / "left by a crash"
    left.write_bytes(b"half")
    assert await shelf.blobs.sweep_incoming(LONG_AGO) == 0
    os.utime(left, (1000, 1000))
    assert await shelf.blobs.sweep_incoming(ONE_DAY) == 1
    assert await shelf.blobs.sweep_incoming(FAR_AHEAD) == 0
    assert len(shelf.incoming()) == 1
    digest = await incoming.keep()
    await incoming.discard()
    assert await whole(shelf.blobs.read(digest)) == b"in use"


async def test_an_empty_store_can_be_swept_and_walked(shelf: Shelf) -> None:
    assert await shelf.blobs.sweep_incoming(FAR_AHEAD) == 0
    assert await shelf.stored() == []


@pytest.mark.parametrize("name", TRAVERSALS)
async def test_a_path_is_made_of_a_digest_only(shelf: Shelf, name: str) -> None:
    for ask in (shelf.blobs.size, shelf.blobs.delete):
        with pytest.raises(ValueError, match="not a digest"):
            await ask(Digest(name))
    with pytest.raises(ValueError, match="not a digest"):
        await whole(shelf.blobs.read(Digest(name)))


async def test_memory_does_not_grow_with_the_content(shelf: Shelf) -> None:
    part, parts = content_of(65_536), 3200  # 200 MiB
    tracemalloc.start()
    incoming = await shelf.blobs.begin()
    for _ in range(parts):
        await incoming.add(part)
    digest = await incoming.keep()
    size = 0
    async for read in shelf.blobs.read(digest):
        size += len(read)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == incoming.size == len(part) * parts
    assert peak < 16 * MEBIBYTE
    await incoming.discard()
    await shelf.blobs.delete(digest)


def open_files() -> int:
    """Return how many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))
