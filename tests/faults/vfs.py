"""A disk below SQLite that can lose its power, fill up, or fail to sync: an apsw VFS over the real file system.

It knows nothing of the server; what is on it after a power cut is what was synced, and by chance a part of the rest.
"""

import itertools
import random
import threading
from collections.abc import Callable
from pathlib import Path

import apsw

SECTOR = 512
_names = itertools.count(1)


class NoPower(apsw.IOError):
    """The power is gone: nothing reaches this disk any more."""


class Disk:
    """What would be found on the disk after a power cut, kept beside the real files.

    ``cut_after`` cuts the power before that many more writes and syncs; ``room`` is how many bytes all files may
    take together; while ``fails_to_sync`` every sync fails.
    """

    def __init__(self) -> None:
        self.name = f"veche-disk-{next(_names)}"
        self.cut_after: int | None = None
        self.room: int | None = None
        self.fails_to_sync = False
        self.has_power = True
        self.writes_lost = 0
        self._synced: dict[str, bytes] = {}
        self._unsynced: dict[str, list[Change]] = {}
        self._sizes: dict[str, int] = {}
        self._lock = threading.RLock()
        self._vfs = _DiskVfs(self)

    def leave(self, room: int) -> None:
        """Let the files grow by no more than ``room`` bytes together."""
        with self._lock:
            self.room = sum(self._sizes.values()) + room

    def cut(self) -> None:
        """Cut the power now."""
        with self._lock:
            self.has_power = False

    def lay_out(self, folder: Path, chance: random.Random) -> None:
        """Write what survived into ``folder``: all that was synced, and of the rest what chance lets through."""
        share = chance.choice((0.0, 0.5, 1.0, chance.random()))
        for path, synced in self._synced.items():
            content = bytearray(synced)
            for change in self._unsynced[path]:
                for part in _sectors(change):
                    if chance.random() < share:
                        _apply(content, part)
                    else:
                        self.writes_lost += 1
            (folder / Path(path).name).write_bytes(content)

    def unregister(self) -> None:
        """Forget the VFS."""
        self._vfs.unregister()

    def opened(self, path: str) -> None:
        """A file is used; what it held before counts as synced."""
        with self._lock:
            if path not in self._synced:
                self._synced[path] = Path(path).read_bytes()
                self._unsynced[path] = []
                self._sizes[path] = len(self._synced[path])

    def write(self, path: str, change: "Change", do: Callable[[], None]) -> None:
        """Write or truncate, unsynced."""
        with self._lock:
            self._step()
            before, after = self._sizes[path], change.size_after(self._sizes[path])
            grown = sum(self._sizes.values()) - before + after
            if self.room is not None and after > before and grown > self.room:
                raise apsw.FullError("no room is left")
            do()
            self._unsynced[path].append(change)
            self._sizes[path] = after

    def sync(self, path: str, do: Callable[[], None]) -> None:
        """Sync one file."""
        with self._lock:
            self._step()
            if self.fails_to_sync:
                raise failure(apsw.SQLITE_IOERR_FSYNC)
            do()
            content = bytearray(self._synced[path])
            for change in self._unsynced[path]:
                _apply(content, change)
            self._synced[path] = bytes(content)
            self._unsynced[path] = []

    def delete(self, path: str, do: Callable[[], None]) -> None:
        """Delete a file, at once for good."""
        with self._lock:
            self._step()
            do()
            for kept in (self._synced, self._unsynced, self._sizes):
                kept.pop(path, None)

    def _step(self) -> None:
        if self.cut_after is not None:
            self.cut_after -= 1
            self.has_power = self.has_power and self.cut_after >= 0
        if not self.has_power:
            raise failure(apsw.SQLITE_IOERR_WRITE)


class Change:
    """One write, or a truncation where ``data`` is None."""

    __slots__ = ("data", "offset")

    def __init__(self, offset: int, data: bytes | None) -> None:
        self.offset = offset
        self.data = data

    def size_after(self, size: int) -> int:
        """Return the size of a file after this change."""
        return self.offset if self.data is None else max(size, self.offset + len(self.data))


def failure(code: int) -> apsw.Error:
    """Return the exception that makes SQLite see this extended result code."""
    error = apsw.exception_for(code)
    assert isinstance(error, apsw.Error)
    return error


class _DiskVfs(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        super().__init__(disk.name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> "_DiskFile":  # noqa: N802
        return _DiskFile(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        self._disk.delete(filename, lambda: super(_DiskVfs, self).xDelete(filename, syncdir))


class _DiskFile(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self._disk = disk
        super().__init__("", name, flags)
        assert name is not None, "temporary files stay in memory"
        self._path = name if isinstance(name, str) else name.filename()
        disk.opened(self._path)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        change = Change(offset, bytes(data))
        self._disk.write(self._path, change, lambda: super(_DiskFile, self).xWrite(data, offset))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._disk.write(self._path, Change(newsize, None), lambda: super(_DiskFile, self).xTruncate(newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.sync(self._path, lambda: super(_DiskFile, self).xSync(flags))


def _apply(content: bytearray, change: Change) -> None:
    if change.data is None:
        del content[change.offset :]
        return
    if len(content) < change.offset:
        content.extend(bytes(change.offset - len(content)))
    content[change.offset : change.offset + len(change.data)] = change.data


def _sectors(change: Change) -> list[Change]:
    """Cut a write where the disk may tear it."""
    if change.data is None:
        return [change]
    cuts = range(change.offset - change.offset % SECTOR + SECTOR, change.offset + len(change.data), SECTOR)
    edges = [change.offset, *cuts, change.offset + len(change.data)]
    return [
        Change(first, change.data[first - change.offset : last - change.offset])
        for first, last in itertools.pairwise(edges)
    ]
