"""Work aside: one thread that gives way to all others, for as long as a backup is made, read or put back."""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from veche.storage.operation.pace import Pace

T = TypeVar("T")
_NICENESS = 10
_IS_LINUX = os.uname().sysname == "Linux"


class Aside:
    """The thread. Where a caller is cancelled the work is told to stop, and its end is waited for."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="veche-backup", initializer=_give_way)

    async def run(self, work: Callable[..., T], *params: Any) -> T:
        """Run ``work`` on the thread and return its result."""
        running = asyncio.get_running_loop().run_in_executor(self._pool, work, *params)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            self._pace.stop()
            await asyncio.wait([running])
            running.exception()  # that it was stopped is what was wanted
            raise

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown()


def _give_way() -> None:
    """On Linux a thread has a niceness of its own; elsewhere this one is as good as the others."""
    if _IS_LINUX:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
