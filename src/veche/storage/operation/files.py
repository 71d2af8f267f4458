"""Files of a backup: written once, hashed on the way, and on the disk before anybody is told of them."""

import errno
import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from veche.storage.operation.covers import Cover
from veche.storage.operation.pace import Pace

SYNCED_AT_ONCE = 2**20
"""Bytes after which the disk is waited for: what piles up unwritten delays the server's own fsync."""
_PRIVATE = 0o600
_CANNOT = {errno.EINVAL, errno.ENOTSUP}  # shares of other systems sync no folders
PRIVATE_FOLDER = 0o700


class Written(msgspec.Struct, frozen=True):
    """What a file's content comes to."""

    size: int
    sha256: str


class NewFile:
    """A file under way. ``finish`` or ``discard`` ends it; one that need not last is not waited for at its end."""

    def __init__(self, path: Path, name: str, cover: Cover, pace: Pace, *, lasts: bool = True) -> None:
        pace.begin()
        self._lasts = lasts
        self._path = path
        self._pace = pace
        self._file = os.fdopen(_private(str(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb")
        self._sink = cover.sink(self._file, name)
        self._hash = hashlib.sha256()
        self._size = 0
        self._unsynced = 0

    def write(self, part: bytes) -> None:
        """Add the next bytes, at the pace of the work."""
        self._sink.write(part)
        self._hash.update(part)
        self._size += len(part)
        self._unsynced += len(part)
        if self._unsynced >= SYNCED_AT_ONCE:
            self._sync()

    def finish(self) -> Written:
        """Close the file, on the disk if it is to last."""
        self._sink.finish()
        self._file.flush()
        if self._lasts:
            os.fsync(self._file.fileno())
        self._file.close()
        self._pace.beat(self._unsynced)
        return Written(self._size, self._hash.hexdigest())

    def discard(self) -> None:
        """Remove it, finished or not."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    def _sync(self) -> None:
        self._file.flush()
        os.fdatasync(self._file.fileno())
        written, self._unsynced = self._unsynced, 0
        self._pace.expect_room(self._path.parent)
        self._pace.beat(written)


def write_file(
    path: Path, name: str, parts: Iterable[bytes], cover: Cover, pace: Pace, *, lasts: bool = True
) -> Written:
    """Write a whole file; nothing is left where that fails."""
    file = NewFile(path, name, cover, pace, lasts=lasts)
    try:
        for part in parts:
            file.write(part)
        return file.finish()
    except BaseException:
        file.discard()
        raise


def replace_file(path: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` write a file beside ``path``, put it in its place, and see to it that this lasts."""
    beside = path.with_name(f".{path.name}.new")
    write(beside)
    sync_file(beside)
    os.replace(beside, path)
    sync_folder(path.parent)


def write_private(path: Path, content: bytes) -> None:
    """Write a small file that only its owner may read, and put it in place as a whole."""

    def write(beside: Path) -> None:
        with open(beside, "wb", opener=_private) as file:
            file.write(content)

    replace_file(path, write)


def make_folder(path: Path) -> None:
    """Make a private folder, and those above it, where they are missing."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(PRIVATE_FOLDER, exist_ok=True)
        sync_folder(folder.parent)


def sync_file(path: Path) -> None:
    """See to it that what was written to a file lasts."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """See to it that the names in a folder last."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as fault:
        if fault.errno not in _CANNOT:
            raise
    finally:
        os.close(descriptor)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, _PRIVATE)
