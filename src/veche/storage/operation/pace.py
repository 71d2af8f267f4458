"""The pace of work beside a server: it rests, stops when told, and leaves the disk some room.

Why it rests as it does is in docs/decisions/0019-the-form-of-a-backup.md.
"""

import os
import threading
from pathlib import Path
from time import monotonic

from veche.storage.operation.faults import NoRoom, Stopped

LEAST_ROOM = 64 * 2**20
"""Bytes that a backup leaves free on a disk: the server on it goes on writing."""
RESTS_FOR_EACH_SECOND = 3.0
"""So the work takes a quarter of one core at most."""
_STOPPED = "it was stopped before its end"


class Pace:
    """How a long piece of work is spread out. In a hurry it does not rest: nobody is served beside it."""

    def __init__(self, *, hurries: bool = False, least_room: int = LEAST_ROOM) -> None:
        self._hurries = hurries
        self._least_room = least_room
        self._stop = threading.Event()
        self._since = monotonic()
        self.done = 0
        """Bytes that were written in all."""

    def stop(self) -> None:
        """End the work at its next beat."""
        self._stop.set()

    def begin(self) -> None:
        """Time begins to count as work now; raises ``Stopped`` where there is to be none."""
        if self._stop.is_set():
            raise Stopped(_STOPPED)
        self._since = monotonic()

    def beat(self, written: int = 0) -> None:
        """Rest after a piece of work, longer than it took; raises ``Stopped`` once that is wanted."""
        self.done += written
        self.rest(RESTS_FOR_EACH_SECOND * (monotonic() - self._since))

    def rest(self, seconds: float) -> None:
        """Rest for so long; raises ``Stopped`` once that is wanted."""
        if self._stop.is_set() if self._hurries else self._stop.wait(seconds):
            raise Stopped(_STOPPED)
        self._since = monotonic()

    def expect_room(self, folder: Path, size: int = 0) -> None:
        """Raise ``NoRoom`` unless ``size`` bytes fit on the disk of ``folder`` and enough is left besides."""
        disk = os.statvfs(folder)
        free = disk.f_bavail * disk.f_frsize
        if free < size + self._least_room:
            needed = f"{megabytes(size)} and " if size else ""
            left = f"{needed}{megabytes(self._least_room)} left over are needed"
            raise NoRoom(f"no room in {folder}: {left}, there are {megabytes(free)}")


def megabytes(size: int) -> str:
    """Return a size for people."""
    return f"{size / 1e6:,.1f} MB"
