"""Deadlines of those who wait, kept by quarter seconds: a timer of its own for each long poll would cost more than
all the rest of its waiting.
"""

import asyncio
import math
import time
from collections.abc import Callable

TICKS_PER_SECOND = 4

Over = Callable[[], None]


class Deadlines:
    """Calls back, up to a quarter second late, whoever has waited long enough. Ticks only while anybody waits."""

    def __init__(self) -> None:
        self._due: dict[int, set[Over]] = {}
        self._is_ticking = False

    def add(self, seconds: float, over: Over) -> int:
        """Call ``over`` in so many seconds; the number returned is for ``remove``."""
        tick = math.ceil((time.monotonic() + seconds) * TICKS_PER_SECOND)
        due = self._due.get(tick)
        if due is None:
            due = self._due[tick] = set()
        due.add(over)
        if not self._is_ticking:
            self._is_ticking = True
            self._tick_later()
        return tick

    def remove(self, tick: int, over: Over) -> None:
        """Forget a deadline; harmless when it is over already."""
        due = self._due.get(tick)
        if due is not None:
            due.discard(over)

    def _tick(self) -> None:
        now = time.monotonic() * TICKS_PER_SECOND
        for tick in [tick for tick in self._due if tick <= now]:
            for over in self._due.pop(tick):
                over()
        self._is_ticking = bool(self._due)
        if self._is_ticking:
            self._tick_later()

    def _tick_later(self) -> None:
        asyncio.get_running_loop().call_later(1 / TICKS_PER_SECOND, self._tick)
