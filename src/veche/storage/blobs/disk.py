"""Contents in a folder: ``ab/cd/<digest>``. A path is made of a digest and of nothing else.

The order of writing, syncing and renaming stands in ``_put``; everything else depends on it.
"""

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

from veche.domain.ids import Digest, is_digest
from veche.storage.blobs import LARGEST_PART, BlobMissing, Stored
from veche.storage.blobs.holds import Holds
from veche.storage.blobs.incoming import PRIVATE_FOLDER, IncomingFile, IncomingFolder, Spool
from veche.storage.blobs.threads import Threads

_PART_OF_DIGEST = re.compile(r"[0-9a-f]{2}\Z")


class DiskBlobs:
    """The store in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._threads = Threads()
        self._holds = Holds()
        self._incoming = IncomingFolder(folder / "incoming")
        self._durable: set[Path] = set()

    async def begin(self) -> IncomingFile:
        """Begin to take a content in."""
        return await IncomingFile(self._incoming.new(), self._threads, self._holds, self._store).begin()

    async def size(self, digest: Digest) -> int | None:
        """Return the size in bytes, None where there is no such content."""
        return await self._threads.run(_size, self._path(digest))

    async def read(
        self, digest: Digest, start: int = 0, length: int | None = None, part: int = LARGEST_PART
    ) -> AsyncGenerator[bytes, None]:
        """Read a content, or a stretch of it, part by part."""
        reading = _Reading(self._path(digest), digest, start, length)
        try:
            await self._threads.run(reading.open)
            while read := await self._threads.run(reading.part, part):
                yield read
        finally:
            await self._threads.run(reading.close)

    async def delete(self, digest: Digest) -> bool:
        """Remove a content; False while it is held."""
        path = self._path(digest)
        async with self._holds.deleting(digest) as is_free:
            if is_free:
                await self._threads.run(_unlink, path)
        return is_free

    async def walk(self) -> AsyncIterator[Stored]:
        """Go through all contents, in the order of their digests."""
        for first in range(256):
            for stored in await self._threads.run(_stored_in, self._folder / f"{first:02x}"):
                yield stored

    async def sweep_incoming(self, before_ms: int) -> int:
        """Remove what a crash left half-way; return how many files."""
        return await self._threads.run(self._incoming.sweep, before_ms)

    async def close(self) -> None:
        """End the threads."""
        self._threads.close()

    async def _store(self, spool: Spool, digest: Digest, size: int) -> None:
        await self._threads.run(self._put, spool, self._path(digest), size)

    def _put(self, spool: Spool, path: Path, size: int) -> None:
        """Content first, then its name, then the folders that lead to it: after a power cut a name has its content.

        What is there already is kept, and made young for those who sweep by age. Its folders are synced all the
        same: whoever put it there may not have come so far.
        """
        if _size(path) == size:
            os.utime(path)
        else:
            spool.sync()
            self._make_folders(path)
            os.rename(spool.path, path)
        spool.remove()
        _sync(path.parent)
        for folder in (path.parent, path.parent.parent, self._folder):
            if folder not in self._durable:
                _sync(folder.parent)
                self._durable.add(folder)

    def _make_folders(self, path: Path) -> None:
        for folder in (self._folder, path.parent.parent, path.parent):
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, PRIVATE_FOLDER)
                self._durable.discard(folder)

    def _path(self, digest: Digest) -> Path:
        if not is_digest(digest):
            raise ValueError("not a digest")
        return self._folder / digest[:2] / digest[2:4] / digest


class _Reading:
    """One reader's place in a content. Its methods are for threads, one at a time."""

    def __init__(self, path: Path, digest: Digest, start: int, length: int | None) -> None:
        self._path = path
        self._digest = digest
        self._position = start
        self._length = length
        self._end = start
        self._hash = hashlib.sha256() if start == 0 and length is None else None
        self._descriptor: int | None = None

    def open(self) -> None:
        """Open the file; raises ``BlobMissing`` where it is not there or too short."""
        try:
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise BlobMissing(f"{self._digest} is not in the folder") from None
        size = os.fstat(self._descriptor).st_size
        self._end = size if self._length is None else self._position + self._length
        if size < max(self._end, self._position):
            raise BlobMissing(f"{self._digest} is cut short")

    def part(self, most: int) -> bytes:
        """Return the next part, of at most so many bytes; empty at the end."""
        assert self._descriptor is not None
        part = os.pread(self._descriptor, min(most, self._end - self._position), self._position)
        self._position += len(part)
        if not part and self._position < self._end:
            raise BlobMissing(f"{self._digest} is cut short")
        if self._hash is not None:
            self._hash.update(part)
            if self._position == self._end and self._hash.hexdigest() != self._digest:
                raise BlobMissing(f"what is stored as {self._digest} is something else")
        return part

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)


def _size(path: Path) -> int | None:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _unlink(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _stored_in(folder: Path) -> list[Stored]:
    """Return the contents below one of the 256 folders; whatever else lies about there is passed over."""
    found = [
        stored
        for inner in _names(folder)
        if _PART_OF_DIGEST.match(inner)
        for name in _names(folder / inner)
        if is_digest(name) and name.startswith(folder.name + inner)
        if (stored := _stored(folder / inner / name)) is not None
    ]
    return sorted(found, key=lambda stored: stored.digest)


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _stored(path: Path) -> Stored | None:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return Stored(Digest(path.name), found.st_size, found.st_mtime_ns // 1_000_000)
