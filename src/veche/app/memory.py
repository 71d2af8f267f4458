"""Giving memory back: what many requests at once took stays with the process unless it is asked to return it."""

import asyncio
import ctypes
import os
from collections.abc import Callable

WORTH_IT = 16 * 2**20
"""Bytes by which the process must have grown since it last gave back: looking through all of it takes milliseconds."""


class Returning:
    """Gives back what is free, once enough has come together. Does nothing where the C library cannot."""

    def __init__(self, held: Callable[[], int] | None = None, give_back: Callable[[int], object] | None = None) -> None:
        self._held = held or held_now
        self._give_back = give_back or getattr(ctypes.CDLL(None), "malloc_trim", None)
        self._after = 0

    async def look(self) -> None:
        """Give back what is free if the process has grown."""
        held = await asyncio.to_thread(self._held)
        if self._give_back is None or held < self._after + WORTH_IT:
            self._after = min(held, self._after)
            return
        await asyncio.to_thread(self._give_back, 0)
        self._after = await asyncio.to_thread(self._held)


def held_now() -> int:
    """Return how many bytes of memory the process holds; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as told:
            return int(told.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
