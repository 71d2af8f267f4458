"""Here the world is the real server, over real sockets. One engine is enough: what differs is tested further down."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from tests.stage.server import Server
from tests.stage.sockets import RealTown


@pytest.fixture
def engine_name() -> str:
    """SQLite."""
    return "sqlite"


@pytest.fixture
def world(server: Server, runner: asyncio.Runner) -> Iterator[RealTown]:
    """The real server with people in it."""
    opening = _town(server)
    yield runner.run(opening.__aenter__())
    runner.run(opening.__aexit__(None, None, None))


@asynccontextmanager
async def _town(server: Server) -> AsyncIterator[RealTown]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
        yield RealTown(server, session)
