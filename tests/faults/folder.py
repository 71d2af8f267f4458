"""A folder that can lose its power: it notes what a store does to files, and tells what any later cut leaves of it.

Only what was synced is sure to be there: a file's bytes by a sync of the file, its name by a sync of its folder. Of the
rest chance takes what it likes, in any order, as file systems may.
"""

import errno
import os
import random
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec

from veche.storage.blobs import disk, incoming

SLOW_DISK_SECONDS = 0.001


class Step(msgspec.Struct, frozen=True):
    """Something done: ``verb`` is write, sync, link, unlink, make or acknowledge."""

    verb: str
    path: str = ""
    file: int = 0
    data: bytes = b""


class Journal:
    """Stands in for ``os`` in the store: does everything for real, and notes the steps."""

    def __init__(self, root: Path, has_power: Callable[[], bool] = lambda: True) -> None:
        self.steps: list[Step] = []
        self._has_power = has_power
        self._root = str(root)
        self._lock = threading.RLock()
        self._files: dict[str, int] = {}
        self._opened: dict[int, str] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def begin_with(self, folder: Path) -> None:
        """Note what lies below a folder already; all of that is on the disk."""
        for path in sorted([folder, *folder.rglob("*")] if folder.exists() else []):
            name, parent = str(path), str(path.parent)
            if path.is_dir():
                self._note("make", name)
            else:
                self._files[name] = len(self.steps)
                self._note("link", name)
                self._note("write", name, path.read_bytes())
                self._note("sync", name)
            self._note("sync", parent)

    def acknowledge(self, digest: str) -> None:
        """Note that somebody was told that a content is stored."""
        with self._lock:
            self.steps.append(Step("acknowledge", digest))

    def open(self, path: Path, flags: int, mode: int = 0o777) -> int:
        with self._lock:
            descriptor = os.open(path, flags, mode)
            self._opened[descriptor] = str(path)
            if flags & os.O_CREAT:
                self._files[str(path)] = len(self.steps)
                self._note("link", str(path))
            return descriptor

    def write(self, descriptor: int, data: memoryview) -> int:
        with self._lock:
            # A short write now and then is what the system may do as well.
            written = os.write(descriptor, data[: max(1, len(data) * 2 // 3)])
            self._note("write", self._opened[descriptor], bytes(data[:written]))
            return written

    def fsync(self, descriptor: int) -> None:
        time.sleep(SLOW_DISK_SECONDS)  # so that others come in between
        with self._lock:
            os.fsync(descriptor)
            self._note("sync", self._opened[descriptor])

    def close(self, descriptor: int) -> None:
        with self._lock:
            os.close(descriptor)
            del self._opened[descriptor]

    def rename(self, source: Path, target: Path) -> None:
        with self._lock:
            os.rename(source, target)
            number = self._files[str(source)]
            self._files[str(target)] = number
            self._opened = {known: str(target) if at == str(source) else at for known, at in self._opened.items()}
            self._note("link", str(target))
            self._note("unlink", str(source))

    def unlink(self, path: Path) -> None:
        with self._lock:
            os.unlink(path)
            self._note("unlink", str(path))

    def mkdir(self, path: Path, mode: int) -> None:
        with self._lock:
            os.mkdir(path, mode)
            self._note("make", str(path))

    def planted(self) -> AbstractContextManager[Any]:
        """Put this in the place of ``os`` for the store."""
        with ExitStack() as stack:
            for module in (disk, incoming):
                stack.enter_context(patch.object(module, "os", self))
            return stack.pop_all()

    def _note(self, verb: str, path: str, data: bytes = b"") -> None:
        if not self._has_power():
            raise OSError(errno.EIO, "the power is gone")
        self.steps.append(Step(verb, os.path.relpath(path, self._root), self._files.get(path, -1), data))


class Remains:
    """What a power cut after some steps leaves."""

    def __init__(self, steps: list[Step], chance: random.Random) -> None:
        self._chance = chance
        self._share = chance.choice((0.0, 0.5, 1.0, chance.random()))
        self._written: dict[int, bytes] = {}
        self._synced: dict[int, bytes] = {}
        self._entries: dict[str, dict[str, int | None]] = {".": {}}
        self._pending: dict[str, list[Step]] = {}
        self.acknowledged: set[str] = set()
        for step in steps:
            self._take(step)
        for folder in self._pending:
            self._settle(folder, only_by_chance=True)

    def files(self) -> dict[str, bytes]:
        """Return path and content of every file that can be reached."""
        found: dict[str, bytes] = {}
        left = ["."]
        while left:
            folder = left.pop()
            for name, number in self._entries.get(folder, {}).items():
                path = os.path.normpath(os.path.join(folder, name))
                if number is None:
                    left.append(path)
                else:
                    found[path] = self._content(number)
        return found

    def lay_out(self, folder: Path) -> None:
        """Write them into another folder."""
        for path, content in self.files().items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)

    def _take(self, step: Step) -> None:
        if step.verb == "acknowledge":
            self.acknowledged.add(step.path)
        elif step.verb == "write":
            self._written[step.file] = self._written.get(step.file, b"") + step.data
        elif step.verb == "sync" and step.file >= 0:
            self._synced[step.file] = self._written.get(step.file, b"")
        elif step.verb == "sync":
            self._settle(step.path, only_by_chance=False)
        else:
            self._pending.setdefault(os.path.dirname(step.path) or ".", []).append(step)

    def _settle(self, folder: str, *, only_by_chance: bool) -> None:
        """Let the names of a folder reach the disk."""
        entries = self._entries.setdefault(folder, {})
        for step in self._pending.get(folder, []):
            if only_by_chance and self._chance.random() >= self._share:
                continue
            name = os.path.basename(step.path)
            if step.verb == "unlink":
                entries.pop(name, None)
            else:
                entries[name] = None if step.verb == "make" else step.file
        if not only_by_chance:
            self._pending[folder] = []

    def _content(self, number: int) -> bytes:
        """What was synced is there; of what was written since, as much as chance lets through, with holes."""
        synced, written = self._synced.get(number, b""), self._written.get(number, b"")
        if len(synced) == len(written) or self._chance.random() >= self._share:
            return synced
        length = self._chance.randint(len(synced), len(written))
        return written[:length] if self._chance.random() < 0.5 else synced + bytes(length - len(synced))
