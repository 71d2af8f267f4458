"""The store in a folder: who may read its files, and what it says when the disk is full, broken or meddled with."""

import errno
import os
import stat
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.stage.fragile import failing
from tests.stage.shelves import MEBIBYTE, Shelf, content_of, digest_of, put, whole
from veche.domain.ids import Digest
from veche.storage.blobs import LARGEST_PART, BlobMissing, BlobsAway, BlobsFull

pytestmark = pytest.mark.parametrize("shelf", ["disk"], indirect=True)

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
BROKEN = (errno.EIO, errno.EROFS, errno.EACCES, errno.EMFILE, errno.ESTALE)


def path_of(shelf: Shelf, digest: Digest) -> Path:
    """Return where a content lies."""
    return shelf.folder / digest[:2] / digest[2:4] / digest


async def test_nobody_else_may_read_the_files(shelf: Shelf) -> None:
    before = os.umask(0)
    try:
        digest = await put(shelf.blobs, b"private")
        half = await shelf.blobs.begin()
    finally:
        os.umask(before)
    found = {path: stat.S_IMODE(path.stat().st_mode) for path in [shelf.folder, *shelf.folder.rglob("*")]}
    assert {mode for path, mode in found.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in found.items() if path.is_file()} == {0o600}
    assert len(found) == 1 + len(["incoming", "ab", "ab/cd"]) + len(["content", "half"])
    assert path_of(shelf, digest) in found
    await half.discard()


@pytest.mark.parametrize("code", NO_ROOM + BROKEN)
@pytest.mark.parametrize(
    ("verb", "good_calls"),
    [("write", 0), ("write", 3), ("fsync", 0), ("fsync", 1), ("fsync", 2), ("rename", 0), ("mkdir", 1), ("open", 0)],
)
async def test_a_failing_disk_is_told_and_leaves_nothing_half_way(
    shelf: Shelf, verb: str, good_calls: int, code: int
) -> None:
    content = content_of(3 * MEBIBYTE)
    with failing(verb, code, good_calls), pytest.raises(BlobsFull if code in NO_ROOM else BlobsAway):
        await put(shelf.blobs, content)
    assert shelf.incoming() == []
    for stored in await shelf.stored():
        assert await whole(shelf.blobs.read(stored.digest)) == content
    assert await shelf.blobs.delete(digest_of(content)), "what failed holds nothing"
    assert await put(shelf.blobs, content) == digest_of(content)
    assert await whole(shelf.blobs.read(digest_of(content))) == content


async def test_a_fault_of_one_write_is_not_forgotten(shelf: Shelf) -> None:
    upload = await shelf.blobs.begin()
    with failing("write", errno.ENOSPC):
        await upload.add(content_of(MEBIBYTE))
        with pytest.raises(BlobsFull):
            await upload.add(content_of(MEBIBYTE))
    for _ in range(2):
        with pytest.raises(BlobsFull):
            await upload.keep()
    await upload.discard()
    assert shelf.incoming() == []
    assert await shelf.stored() == []


@pytest.mark.parametrize("verb", ["open", "pread", "fstat"])
async def test_a_disk_that_cannot_be_read_is_away(shelf: Shelf, verb: str) -> None:
    digest = await put(shelf.blobs, b"content")
    with failing(verb, errno.EIO), pytest.raises(BlobsAway):
        await whole(shelf.blobs.read(digest))
    assert await whole(shelf.blobs.read(digest)) == b"content"


@pytest.mark.parametrize("verb", ["lstat", "unlink", "listdir"])
async def test_other_questions_fail_alike(shelf: Shelf, verb: str) -> None:
    digest = await put(shelf.blobs, b"content")
    asking = {"lstat": shelf.blobs.size(digest), "unlink": shelf.blobs.delete(digest), "listdir": shelf.stored()}
    with failing(verb, errno.EIO), pytest.raises(BlobsAway):
        await asking.pop(verb)
    for other in asking.values():
        await other
    await put(shelf.blobs, b"content")
    assert await whole(shelf.blobs.read(digest)) == b"content"


async def test_what_was_cut_short_is_missing_and_heals(shelf: Shelf) -> None:
    content = content_of(MEBIBYTE)
    digest = await put(shelf.blobs, content)
    os.truncate(path_of(shelf, digest), MEBIBYTE - 1)
    with pytest.raises(BlobMissing):
        await anext(shelf.blobs.read(digest, 0, MEBIBYTE))
    with pytest.raises(BlobMissing):
        await whole(shelf.blobs.read(digest))
    await put(shelf.blobs, content)
    assert await whole(shelf.blobs.read(digest)) == content


async def test_what_gets_shorter_while_it_is_read_is_missing(shelf: Shelf) -> None:
    digest = await put(shelf.blobs, content_of(MEBIBYTE))
    reading = shelf.blobs.read(digest, 0, MEBIBYTE)
    await anext(reading)
    os.truncate(path_of(shelf, digest), 10)
    with pytest.raises(BlobMissing):
        await whole(reading)


async def test_what_was_changed_is_not_given_as_a_whole(shelf: Shelf) -> None:
    content = content_of(MEBIBYTE)
    digest = await put(shelf.blobs, content)
    path_of(shelf, digest).write_bytes(b"meddled" + content[7:])
    reading, parts = shelf.blobs.read(digest), MEBIBYTE // LARGEST_PART
    for _ in range(parts - 1):
        await anext(reading)
    with pytest.raises(BlobMissing):
        await anext(reading)


async def test_a_link_is_not_followed(shelf: Shelf) -> None:
    digest = await put(shelf.blobs, b"content")
    os.unlink(path_of(shelf, digest))
    os.symlink("/etc/hostname", path_of(shelf, digest))
    with pytest.raises(BlobsAway):
        await whole(shelf.blobs.read(digest))
    assert await shelf.blobs.size(digest) is None
    assert await put(shelf.blobs, b"content") == digest
    assert await whole(shelf.blobs.read(digest)) == b"content"


async def test_what_lies_about_is_passed_over(shelf: Shelf) -> None:
    digest = await put(shelf.blobs, b"content")
    home = shelf.folder / digest[:2]
    other = digest_of(b"lies in the wrong folder")
    for path in (home / "file", home / digest[2:4] / "thumbs.db", home / digest[2:4] / other, shelf.folder / "ff.txt"):
        path.write_bytes(b"x")
    (home / "not a part").mkdir()
    (shelf.folder / f"{(int(digest[:2], 16) + 1) % 256:02x}").write_bytes(b"a file where a folder belongs")
    assert [stored.digest for stored in await shelf.stored()] == [digest]


async def test_what_goes_while_one_looks_is_passed_over(shelf: Shelf) -> None:
    gone, left = await put(shelf.blobs, b"gone"), await put(shelf.blobs, b"left")
    names = os.listdir

    def hasty(folder: Path) -> list[str]:
        found = names(folder)
        (folder / gone).unlink(missing_ok=True)
        return found

    with patch("os.listdir", hasty):
        assert [stored.digest for stored in await shelf.stored()] == [left]


async def test_storing_again_makes_young(shelf: Shelf) -> None:
    digest = await put(shelf.blobs, b"content")
    os.utime(path_of(shelf, digest), (1000, 1000))
    assert [stored.changed_ms for stored in await shelf.stored()] == [1_000_000]
    await put(shelf.blobs, b"content")
    assert [stored.changed_ms > 1_000_000 for stored in await shelf.stored()] == [True]


async def test_the_folder_may_be_made_anew_while_the_server_runs(shelf: Shelf) -> None:
    digest = await put(shelf.blobs, b"content")
    os.rename(shelf.folder, shelf.folder.parent / "moved away")
    assert await shelf.blobs.size(digest) is None
    assert await put(shelf.blobs, b"content") == digest
    assert await whole(shelf.blobs.read(digest)) == b"content"


async def test_a_store_that_was_closed_is_away(shelf: Shelf) -> None:
    upload = await shelf.blobs.begin()
    await shelf.blobs.close()
    with pytest.raises(BlobsAway):
        await shelf.blobs.begin()
    await upload.discard()
    assert len(shelf.incoming()) == 1, "left to the next start's sweep"
