"""Contents on their way in: a file of its own for each, hashed while it is written, until a store takes it over."""

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from veche.domain.ids import Digest
from veche.storage.blobs import BlobFault
from veche.storage.blobs.holds import Holds
from veche.storage.blobs.threads import Threads

WRITTEN_AT_ONCE = 2**19
WRITTEN_BACK_AT_ONCE = 2**25
"""After so many bytes the system is told to begin moving them to the disk: the sync at the end is then short."""
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


class IncomingFolder:
    """The folder of what is half-way. A file in it that nobody writes any more was left by a crash."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._in_use: set[str] = set()

    def new(self) -> "Spool":
        """Return a file that is not there yet, under a name that nobody else has."""
        return Spool(self._path / os.urandom(16).hex(), self._in_use)

    def sweep(self, before_ms: int) -> int:
        """Remove what nobody writes and was last changed before that moment; return how many."""
        if not self._path.is_dir():
            return 0
        with os.scandir(self._path) as entries:
            left = [entry for entry in entries if entry.name not in self._in_use and _is_older(entry, before_ms)]
        for entry in left:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(entry.path)
        return len(left)


class Spool:
    """One file on its way in. Its methods wait for the disk: they are for threads, one at a time."""

    def __init__(self, path: Path, in_use: set[str]) -> None:
        self.path = path
        self._in_use = in_use
        self._hash = hashlib.sha256()
        self._descriptor: int | None = None
        self._written = self._written_back = 0

    @property
    def digest(self) -> Digest:
        """The digest of what was written."""
        return Digest(self._hash.hexdigest())

    def create(self) -> None:
        """Make the file, and its folder where that is missing."""
        self._in_use.add(self.path.name)
        for folder in (self.path.parent.parent, self.path.parent):
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, PRIVATE_FOLDER)
        self._descriptor = os.open(self.path, _NEW, PRIVATE_FILE)

    def write(self, data: bytearray) -> None:
        """Hash and append."""
        self._hash.update(data)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._open(), rest) :]
        self._written += len(data)
        if self._written - self._written_back >= WRITTEN_BACK_AT_ONCE and hasattr(os, "posix_fadvise"):
            size = self._written - self._written_back
            os.posix_fadvise(self._open(), self._written_back, size, os.POSIX_FADV_DONTNEED)
            self._written_back = self._written

    def sync(self) -> None:
        """Return when the content is on the disk."""
        os.fsync(self._open())

    def remove(self) -> None:
        """Close the file and remove it, unless it bears another name by now."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        self._in_use.discard(self.path.name)

    def _open(self) -> int:
        assert self._descriptor is not None
        return self._descriptor


class IncomingFile:
    """An incoming content of either store; ``store`` puts a whole file where it belongs, with digest and size."""

    def __init__(
        self, spool: Spool, threads: Threads, holds: Holds, store: Callable[[Spool, Digest, int], Awaitable[None]]
    ) -> None:
        self.size = 0
        self.digest: Digest | None = None
        self._spool = spool
        self._threads = threads
        self._holds = holds
        self._store = store
        self._buffer = bytearray()
        self._writing: asyncio.Task[None] | None = None
        self._held: Digest | None = None
        self._is_over = False

    async def begin(self) -> "IncomingFile":
        """Make the file."""
        try:
            await self._threads.run(self._spool.create)
        except BaseException:
            await self.discard()
            raise
        return self

    async def add(self, part: bytes) -> None:
        """Take the next bytes: while one lot is hashed and written, the next one is gathered."""
        self._buffer += part
        self.size += len(part)
        if len(self._buffer) >= WRITTEN_AT_ONCE:
            await self._write()

    async def keep(self) -> Digest:
        """Write the rest and hand the file over; the hold begins before the store looks what it has."""
        await self._write()
        await self._written()
        digest = self._spool.digest
        await self._holds.take(digest)
        self._held = self.digest = digest
        try:
            await self._store(self._spool, digest, self.size)
        except BaseException as fault:
            self.release()
            if isinstance(fault, BlobFault):
                self.digest = None
            raise
        return digest

    def release(self) -> None:
        """Hold the content no longer."""
        if self._held is not None:
            digest, self._held = self._held, None
            self._holds.give_back(digest)

    async def discard(self) -> None:
        """Remove the file if it is still there; a store that is stopping leaves it to the next sweep."""
        self.release()
        if self._is_over:
            return
        try:
            if self._writing is not None:  # a fault of it has been told, or concerns nobody any more
                await asyncio.gather(self._writing, return_exceptions=True)
        finally:
            with contextlib.suppress(BlobFault):
                await self._threads.run(self._spool.remove)
            self._is_over = True

    async def _write(self) -> None:
        await self._written()
        data, self._buffer = self._buffer, bytearray()
        self._writing = asyncio.ensure_future(self._threads.run(self._spool.write, data))

    async def _written(self) -> None:
        if self._writing is not None:
            await self._writing


def _is_older(entry: "os.DirEntry[str]", before_ms: int) -> bool:
    try:
        return entry.stat(follow_symlinks=False).st_mtime_ns < before_ms * 1_000_000
    except FileNotFoundError:
        return False
