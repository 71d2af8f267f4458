"""The stage of all tests: both engines, an in-process world, the real server, and coroutines as tests."""

import asyncio
import inspect
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.ci import is_ci
from tests.conformance.onlooker import Onlooker
from tests.effort import depth
from tests.stage.buckets import Buckets
from tests.stage.cluster import Cluster, Missing
from tests.stage.databases import Place
from tests.stage.server import Server
from tests.stage.world import World
from veche.storage.engines import Engine
from veche.storage.reader import Reader
from veche.storage.schema import migrate
from veche.storage.writer import Writer

LONGEST_TEST = 600
"""Seconds after which a coroutine that waits for something that never comes is given up."""
# No example is failed for being slow; the short run tries the same examples every time, the long one new ones.
hypothesis.settings.register_profile(
    "veche",
    deadline=None,
    derandomize=depth() == "ci",
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("veche")
SERVERS = pytest.StashKey[list[Server]]()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """PostgreSQL; where it is missing the tests that need it fail in CI and are skipped elsewhere."""
    try:
        made = Cluster()
    except Missing as reason:
        if is_ci():
            pytest.fail(str(reason))
        pytest.skip(str(reason))
    yield made
    made.close()


@pytest.fixture(scope="session")
def buckets() -> Iterator[Buckets]:
    """S3-compatible storage on loopback."""
    made = Buckets()
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgres"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """Which engine: both, unless a folder's conftest says otherwise."""
    return str(request.param)


@pytest.fixture
def place(engine_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """An empty data folder and, for PostgreSQL, a fresh database."""
    data = tmp_path / "data"
    data.mkdir()
    if engine_name == "sqlite":
        yield Place(data, "")
        return
    cluster: Cluster = request.getfixturevalue("cluster")  # only where it is needed: it may be missing
    url = cluster.fresh()
    yield Place(data, url)
    cluster.drop(url)


@pytest.fixture
def target_name(engine_name: str) -> str:
    """Which engine is restored into: the same, unless a test says otherwise."""
    return engine_name


@pytest.fixture
def empty_place(target_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[], Place]]:
    """Makes an empty folder with an empty database, as often as it is called."""
    cluster = request.getfixturevalue("cluster") if target_name == "postgres" else None
    places = list[Place]()

    def make() -> Place:
        data = tmp_path / f"elsewhere{len(places)}"
        data.mkdir()
        places.append(Place(data, cluster.empty() if cluster else ""))
        return places[-1]

    yield make
    for place in places:
        if cluster:
            cluster.drop(place.database)


@pytest.fixture
def engine(place: Place) -> Iterator[Engine]:
    """A migrated database's engine."""
    opened = place.engine()
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """The event loop of one test: coroutines as tests, and the fixtures that live on a loop, run on it."""
    made = asyncio.Runner()
    yield made
    made.close()


@pytest.fixture
def writer(engine: Engine, runner: asyncio.Runner) -> Iterator[Writer]:
    """A started writer whose facts nobody listens to."""
    broken: list[str] = []
    made = Writer(engine, lambda entries: None, lambda: broken.append("the process would have ended here"))
    runner.run(_begin(made))
    yield made
    runner.run(made.close())
    assert broken == []


@pytest.fixture
def reader(engine: Engine, runner: asyncio.Runner) -> Iterator[Reader]:
    """Started readers."""
    made = Reader(engine)
    runner.run(_begin(made))
    yield made
    runner.run(made.close())


@pytest.fixture
def world(place: Place, runner: asyncio.Runner, request: pytest.FixtureRequest) -> Iterator[World]:
    """A server inside this process, open to everybody, without rate limits.

    ``@pytest.mark.settings(registration="token")`` on a test changes settings.
    """
    made = World(place, **_settings(request))
    runner.run(made.start())
    yield made
    runner.run(made.stop())


@pytest.fixture
def server(place: Place, request: pytest.FixtureRequest) -> Iterator[Server]:
    """The real server, answering; its log is shown with a test that fails. Settings as for ``world``."""
    made = Server(place, **_settings(request))
    request.node.stash.setdefault(SERVERS, []).append(made)
    made.start()
    yield made
    made.stop()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine as a test, on the loop of its fixtures."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in wanted}
    runner = pyfuncitem.funcargs["runner"]
    assert isinstance(runner, asyncio.Runner)
    runner.run(_in_time(pyfuncitem.obj(**arguments)))
    return True


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks of this house, and let every answer be held against the specification."""
    config.pluginmanager.register(Onlooker())
    config.addinivalue_line("markers", "settings(name=value): settings of the `world` or `server` of this test")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every coroutine among the tests a loop."""
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
            item.fixturenames.append("runner")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of the server's log with every test that fails."""
    report = yield
    if report.failed:
        for server in item.stash.get(SERVERS, []):
            report.sections.append(("server log", server.last_words()))
    return report


async def _begin(part: Writer | Reader) -> None:
    part.start()


async def _in_time(test: Any) -> None:
    async with asyncio.timeout(LONGEST_TEST):
        await test


def _settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    marker = request.node.get_closest_marker("settings")
    return dict(marker.kwargs) if marker else {}
