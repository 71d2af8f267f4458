"""Errands: commands that no request waits for. Their owner ends what is left of them when the server stops."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

_log = logging.getLogger("veche.errands")


class Errands:
    """Runs coroutines beside the requests and writes their faults to the log."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def run(self, errand: Coroutine[Any, Any, None]) -> None:
        """Begin an errand."""
        task = asyncio.get_running_loop().create_task(errand)
        self._running.add(task)
        task.add_done_callback(self._ended)

    async def close(self) -> None:
        """Wait for what is under way."""
        if self._running:
            await asyncio.wait(self._running)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("an errand failed", exc_info=task.exception())
