"""Requests made from the specification's files, right ones and wrong ones, at every operation.

The server never stumbles, no answer is outside the files (the onlooker of all tests sees to that), and every reader
still works afterwards. ``bin/test tests/conformance/test_driven.py -s`` runs this alone.
"""

import asyncio
import os
from collections.abc import Iterator
from random import SystemRandom
from typing import Any

import hypothesis
import pytest
from hypothesis import Phase
from hypothesis import strategies as st

from tests.authorisation.askers import MODERATOR
from tests.authorisation.building import build
from tests.authorisation.reading import Reader
from tests.authorisation.scene import Scene, Stage
from tests.conformance.aiming import aimed
from tests.conformance.canary import expect_well, hatch
from tests.conformance.document import Source, sources
from tests.conformance.driving import Driver
from tests.effort import depth, effort
from tests.stage.databases import Place
from tests.stage.world import World

PARTS = 4
"""Each part begins with a fresh scene, and all operations of a part follow one another in it."""
ENGINES = ("sqlite", "postgres")
SEED_VARIABLE = "VECHE_TEST_SEED"
"""Gives back a seed that was printed."""
SEED = int(os.environ.get(SEED_VARIABLE) or (0 if depth() == "ci" else SystemRandom().randrange(2**32)))
SETTINGS: dict[str, Any] = {"presence": "on", "mail_server": "mail.veche.test", "public_address": "https://veche.test"}
pytestmark = pytest.mark.usefixtures("specification")


@pytest.fixture(params=range(PARTS))
def part(request: pytest.FixtureRequest) -> int:
    """Which part of the operations."""
    return int(request.param)


@pytest.fixture
def engine_name(part: int) -> str:
    """The parts take turns."""
    return ENGINES[part % len(ENGINES)]


@pytest.fixture
def stage(place: Place, runner: asyncio.Runner) -> Iterator[Stage]:
    """People, rooms and all that they keep."""
    scene = runner.run(_planted(place))
    made = Stage(scene, World(place, **SETTINGS))
    runner.run(made.begin())
    yield made
    runner.run(made.world.stop())


async def _planted(place: Place) -> Scene:
    world = World(place)
    await world.start()
    return await build(place.data, world)


def test_no_request_breaks_the_server(
    stage: Stage, part: int, runner: asyncio.Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    every = sources()
    each = -(-effort("driven_cases") // len(every))
    canary = runner.run(hatch(stage))
    driver = Driver(stage)
    faults = [fault for source in every[part::PARTS] for fault in _drive(source, each, driver, runner)]
    with capsys.disabled():
        _tell(part, driver)
    assert not faults, "\n".join(faults)
    assert not stage.world.has_broken
    runner.run(expect_well(canary))
    reader = Reader(stage, MODERATOR)
    runner.run(reader.read())
    assert reader.faults == []


def _drive(source: Source, cases: int, driver: Driver, runner: asyncio.Runner) -> list[str]:
    """Send at least so many cases to one operation, some again where it has fewer; return what was wrong."""
    faults: list[list[str]] = []

    @hypothesis.seed(SEED)
    @hypothesis.settings(
        max_examples=cases,
        derandomize=False,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(st.data())
    def send(data: st.DataObject) -> None:
        case = data.draw(source.cases)
        faults.append(runner.run(driver.send(aimed(data.draw, case, driver.scene))))

    while len(faults) < cases:
        send()
    return [fault for each in faults for fault in each]


def _tell(part: int, driver: Driver) -> None:
    """Say what was done: the closing notes quote it."""
    counts = ", ".join(f"{count} × {status}" for status, count in sorted(driver.answered.items()))
    print(f"\npart {part + 1} of {PARTS}, seed {SEED}: {counts}")  # noqa: T201
