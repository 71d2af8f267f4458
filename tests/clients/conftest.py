"""The server that the client libraries meet, and what is shown of its log when a test fails."""

import asyncio
import os
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.clients.js_client import FOLDER
from tests.clients.stage import Stage
from tests.stage.databases import Place
from tests.stage.server import Server

SERVER = pytest.StashKey[Server]()


@pytest.fixture(scope="session")
def homeserver(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[str]:
    """The base URL of the server under test: VECHE_TEST_URL where that is set, else one started for this run."""
    given = os.environ.get("VECHE_TEST_URL")
    if given:
        yield given
        return
    data = tmp_path_factory.mktemp("homeserver") / "data"
    data.mkdir()
    server = Server(Place(data, ""), presence="on", search="on")
    request.config.stash[SERVER] = server.start()
    yield server.url
    assert server.stop() == 0


@pytest.fixture(scope="session")
def js_packages() -> None:
    """The packages of the JavaScript driver, installed as its lock file says."""
    subprocess.run([FOLDER / "setup.sh"], check=True)


@pytest.fixture
def stage(homeserver: str, js_packages: None, tmp_path: Path, runner: asyncio.Runner) -> Iterator[Stage]:
    """Where a test's people meet, on the server under test; cleared afterwards."""
    made = Stage(homeserver, tmp_path)
    yield made
    runner.run(made.close())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of the server's log with every test that fails."""
    report = yield
    server = item.config.stash.get(SERVER, None)
    if report.failed and server is not None:
        report.sections.append(("server log", server.last_words()))
    return report
