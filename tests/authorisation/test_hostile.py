"""Every endpoint of the table under hostile requests, on both engines: never a fault of the server's own, and the same
answer from both. What one database takes and the other refuses has to be refused before either is asked.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.authorisation.askers import MEMBER, NO_TOKEN, ORDER, SIGNED_IN
from tests.authorisation.building import build
from tests.authorisation.hostile import Hostile, shapes, spoilt
from tests.authorisation.rows import Ask, name_of, path_of
from tests.authorisation.scene import Scene, Stage, copied
from tests.authorisation.table import ROWS
from tests.stage.asgi import Answer
from tests.stage.cluster import Cluster
from tests.stage.databases import Place
from tests.stage.world import World
from veche.api.http.contract import Endpoint
from veche.api.http.requests import path_names
from veche.api.table import ENDPOINTS

READING = [endpoint for endpoint in ENDPOINTS if endpoint.method == "GET"]
CHANGING = [endpoint for endpoint in ENDPOINTS if endpoint.method != "GET"]


class Twins(msgspec.Struct, frozen=True):
    """The same scene played on both engines."""

    sqlite: Stage
    postgres: Stage


@pytest.fixture(scope="session")
def postgres_scene(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> tuple[Scene, str]:
    """The scene once more, with its database in PostgreSQL."""
    data, url = tmp_path_factory.mktemp("postgres") / "data", cluster.fresh()
    data.mkdir()

    async def built() -> Scene:
        world = World(Place(data, url))
        await world.start()
        return await build(data, world)

    with asyncio.Runner() as building:
        return building.run(built()), url


@pytest.fixture(scope="module")
def reading_twins(
    scene: Scene,
    postgres_scene: tuple[Scene, str],
    cluster: Cluster,
    runner: asyncio.Runner,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Twins]:
    """Stages for those who change nothing."""
    yield from _played(scene, postgres_scene, cluster, runner, tmp_path_factory.mktemp("twins"))


@pytest.fixture
def twins(
    scene: Scene, postgres_scene: tuple[Scene, str], cluster: Cluster, runner: asyncio.Runner, tmp_path: Path
) -> Iterator[Twins]:
    """Stages of one's own."""
    yield from _played(scene, postgres_scene, cluster, runner, tmp_path)


@pytest.mark.parametrize("endpoint", READING, ids=name_of)
async def test_reading(reading_twins: Twins, endpoint: Endpoint) -> None:
    await torment(reading_twins, endpoint)


@pytest.mark.parametrize("endpoint", CHANGING, ids=name_of)
async def test_changing(twins: Twins, endpoint: Endpoint) -> None:
    await torment(twins, endpoint)


async def torment(twins: Twins, endpoint: Endpoint) -> None:
    """Ask everything of an endpoint's row in hostile ways; fail where it is answered badly, or in two ways."""
    wrong: list[str] = []
    for asked in shapes(name_of(endpoint), ROWS[name_of(endpoint)]):
        asker = next((one for one in ORDER if one in asked.may & SIGNED_IN), MEMBER if asked.may else NO_TOKEN)
        both = zip(*(hostile(stage, endpoint, asked, asker) for stage in (twins.sqlite, twins.postgres)), strict=True)
        for one, other in both:
            first = await put(twins.sqlite, endpoint, one, asker)
            second = await put(twins.postgres, endpoint, other, asker)
            if first != second or first[0] >= 500:
                wrong.append(f"{asked.what}, {one.what}: {first}, {second}")
    assert not wrong, "\n".join(wrong[:20])
    for stage in (twins.sqlite, twins.postgres):
        assert (await stage.ask(NO_TOKEN, "GET", "/health")).ok()["status"] == "ok"


def hostile(stage: Stage, endpoint: Endpoint, asked: Ask, asker: str) -> Iterator[Hostile]:
    """Return the hostile forms of a request in this scene."""
    place, query, body = (stage.scene.filled(part, asker) for part in (asked.place, asked.query, asked.body))
    return spoilt(place, query, body, queried(endpoint))


def queried(endpoint: Endpoint) -> set[str]:
    """Return the names of the parameters that may stand in the query."""
    others = {"body", "request", "stream", *path_names(endpoint.path)}
    fields = msgspec.structs.fields(endpoint.request)
    return {field.encode_name for field in fields if field.name not in others}


async def put(stage: Stage, endpoint: Endpoint, request: Hostile, asker: str) -> tuple[int, Any]:
    """Ask it; return the status and the error's code."""
    path = path_of(endpoint, request.place)
    answer: Answer = await stage.ask(asker, endpoint.method, path, request.body, request.query)
    is_json = answer.headers.get("content-type") == "application/json"
    return answer.status, answer.errcode if answer.status >= 400 and is_json else None


def _played(
    scene: Scene, postgres_scene: tuple[Scene, str], cluster: Cluster, runner: asyncio.Runner, folder: Path
) -> Iterator[Twins]:
    theirs, url = postgres_scene
    for name in ("sqlite", "postgres"):
        (folder / name).mkdir()
    database = cluster.copy(url)
    place = Place(copied(theirs, folder / "postgres").data, database)
    playing = _begun(Stage(scene, World(copied(scene, folder / "sqlite"))), Stage(theirs, World(place)))
    yield runner.run(playing.__aenter__())
    runner.run(playing.__aexit__(None, None, None))
    cluster.drop(database)


@asynccontextmanager
async def _begun(sqlite: Stage, postgres: Stage) -> AsyncIterator[Twins]:
    for stage in (sqlite, postgres):
        await stage.begin()
    yield Twins(sqlite, postgres)
    for stage in (sqlite, postgres):
        await stage.world.stop()
