"""How the server is doing, as far as it is not written down anywhere: noted by who knows it, told by ``/health``."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from veche.domain.operation.backups import Outcome


class CertificateState(msgspec.Struct, frozen=True):
    """The certificate that HTTPS shows: given or the server's own, and how long it is good, at last look."""

    is_given: bool
    days_left: int
    ends_soon: bool


class Backups:
    """The backup under way, if there is one, and how the last one of this process ended."""

    def __init__(self) -> None:
        self._task: asyncio.Task[Outcome] | None = None
        self.number = 0
        """How many were begun."""
        self.last: Outcome | None = None
        self.stage = ""
        """What is being done, in words."""
        self.done: Callable[[], int] = int
        """How many bytes were written, all steps together."""

    @property
    def is_under_way(self) -> bool:
        """Whether one is being made now."""
        return self._task is not None and not self._task.done()

    def begin(self, making: Coroutine[Any, Any, Outcome]) -> int:
        """Begin one; returns its number. There must be none under way."""
        self.number += 1
        self.stage = ""
        self._task = asyncio.get_running_loop().create_task(making)
        return self.number

    async def wait(self, seconds: float) -> None:
        """Wait so long for the one under way to end."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=seconds)

    async def stop(self) -> None:
        """End the one under way before its time."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])


class Condition:
    """What is known now."""

    def __init__(self) -> None:
        self.certificate: CertificateState | None = None
        """None where the server speaks plain HTTP."""
        self.backups = Backups()
