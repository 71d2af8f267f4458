"""The scene is built once; tests that only read share one stage, the others get their own copy.

One engine is enough: what differs between the two is tested on the floors below.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.authorisation.building import build
from tests.authorisation.scene import Scene, Stage, copied
from tests.stage.databases import Place
from tests.stage.people import Town
from tests.stage.server import Server
from tests.stage.sockets import RealTown
from tests.stage.world import World

_PUBLIC: dict[str, Any] = {
    "mail_server": "mail.veche.test",
    "public_address": "https://veche.test",
    "support_contacts": "admin it@veche.test",
    "policy_server_key": "6yhHGKhCiXTSEN2ksjV7kX_N6rBQZ3Xb-M7LlC6NS-s",
}
"""What anybody may be told, once it has been set."""


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """One loop for all tests of a file, so that they can share a stage."""
    made = asyncio.Runner()
    yield made
    made.close()


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Everything planted, on disk."""
    data = tmp_path_factory.mktemp("scene") / "data"
    data.mkdir()
    with asyncio.Runner() as building:
        return building.run(_built(data))


@pytest.fixture(scope="module")
def reading_room(scene: Scene, runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage for those who change nothing."""
    yield from _played(scene, runner, tmp_path_factory.mktemp("reading"))


@pytest.fixture
def stage(scene: Scene, runner: asyncio.Runner, tmp_path: Path) -> Iterator[Stage]:
    """A stage of one's own."""
    yield from _played(scene, runner, tmp_path)


@pytest.fixture(scope="module")
def indoors(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An empty server inside this process that the tests of a file share."""
    world = World(_empty(tmp_path_factory))
    runner.run(world.start())
    yield world
    runner.run(world.stop())


@pytest.fixture(scope="module")
def outdoors(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealTown]:
    """The same as a real server, reached over sockets."""
    opening = _served(_empty(tmp_path_factory))
    yield runner.run(opening.__aenter__())
    runner.run(opening.__aexit__(None, None, None))


@pytest.fixture(params=["indoors", "outdoors"])
def town(request: pytest.FixtureRequest) -> Town:
    """Both, one after the other."""
    found: Town = request.getfixturevalue(request.param)
    return found


def _empty(folders: pytest.TempPathFactory) -> Place:
    data = folders.mktemp("town") / "data"
    data.mkdir()
    return Place(data, "")


@asynccontextmanager
async def _served(place: Place) -> AsyncIterator[RealTown]:
    server = Server(place)
    await asyncio.to_thread(server.start)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
        yield RealTown(server, session)
    assert await asyncio.to_thread(server.stop) == 0, server.last_words()


async def _built(data: Path) -> Scene:
    world = World(Place(data, ""))
    await world.start()
    return await build(data, world)


def _played(scene: Scene, runner: asyncio.Runner, folder: Path) -> Iterator[Stage]:
    made = Stage(scene, World(copied(scene, folder), presence="on", **_PUBLIC))
    runner.run(made.begin())
    yield made
    runner.run(made.world.stop())
