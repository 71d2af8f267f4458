"""Waiting in tests: for what becomes so. Nothing is said about how soon, but not for ever either."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable

from tests.stage.server import PATIENCE


async def until(is_so: Callable[[], bool | Awaitable[bool]], pause_s: float = 0.001) -> None:
    """Wait until something is so; fail where it does not become so."""
    end = time.monotonic() + PATIENCE
    while not await _answer(is_so()):
        assert time.monotonic() < end, "it never came to that"
        await asyncio.sleep(pause_s)


async def _answer(said: bool | Awaitable[bool]) -> bool:
    return await said if inspect.isawaitable(said) else bool(said)
