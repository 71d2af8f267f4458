"""Which authorities are trusted by whatever calls out: loaded once, and anew when they may be others."""

import asyncio
import os
import ssl
import time
from collections.abc import Callable, Iterable
from pathlib import Path

_SYSTEM_KEPT_S = 3600


class Trust:
    """The authorities of the system, or those of the file ``instead``; and those of the files ``beside`` them."""

    def __init__(
        self,
        beside: Callable[[], Iterable[Path]] = tuple,
        instead: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._beside = beside
        self._instead = instead
        self._clock = clock
        self._loading = asyncio.Lock()
        self._kept: tuple[object, ssl.SSLContext] | None = None

    async def context(self) -> ssl.SSLContext:
        """Return what a certificate has to show now; raises ``OSError`` where a file cannot be read, or holds none.

        Loading takes a tenth of a second, so it is done on a thread.
        """
        async with self._loading:
            return await asyncio.to_thread(self._current)

    def _current(self) -> ssl.SSLContext:
        files = list(self._beside())
        state = self._state(files)
        if self._kept is None or self._kept[0] != state:
            self._kept = state, self._loaded(files)
        return self._kept[1]

    def _state(self, files: list[Path]) -> object:
        """What differs when authorities may have changed: their files, or the hour, as the system's are many files."""
        if self._instead is None:
            return self._clock() // _SYSTEM_KEPT_S, [_stamp(path) for path in files]
        return [_stamp(path) for path in (self._instead, *files)]

    def _loaded(self, files: list[Path]) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._instead)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        for path in files:
            context.load_verify_locations(path)
        return context


def _stamp(path: Path) -> tuple[Path, int, int, int]:
    found = os.stat(path)
    return path, found.st_mtime_ns, found.st_ino, found.st_size
