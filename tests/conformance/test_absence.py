"""What nobody may overlook: missing files, what is served by name only, faults beside a test."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.specification import ROOT, VARIABLE
from tests.stage import witness
from tests.stage.wire import Wire, request

LOUD = "THE CONFORMANCE TESTS DID NOT RUN"
SMALL = "tests/conformance/test_listed.py"
STEPS = """
import pytest

from tests.stage import witness
from tests.stage.asgi import Answer

def be_wrong():
    witness.show("GET", "/_matrix/client/v3/account/whoami", Answer(200, {"content-type": "application/json"}, b"{}"))

@pytest.fixture
def before():
    be_wrong()

@pytest.fixture
def after():
    yield
    be_wrong()

def test_before(before): pass
def test_amid(): be_wrong()
def test_after(after): pass
def test_nothing(): pass
"""


def run(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a few tests in a process of their own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_", "PYTEST_"))}
    kept["PYTHONPATH"] = f"{ROOT / 'src'}:{ROOT}"  # also for tests that stand elsewhere, without this one's settings
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=kept | variables, capture_output=True, text=True, check=False, timeout=600
    )


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("1", 1), ("false", 0), ("", 0)])
def test_a_run_without_the_files(tmp_path: Path, ci: str, code: int) -> None:
    done = run(SMALL, CI=ci, **{VARIABLE: str(tmp_path / "nowhere")})
    assert done.returncode == code, done.stdout
    assert f"!!!\n{LOUD}" in done.stdout


@pytest.mark.usefixtures("specification")
def test_a_run_of_all_tests_fails_where_nobody_was_served() -> None:
    done = run("-o", f"testpaths={SMALL}")
    assert done.returncode == 1, done.stdout
    assert "said to be served, and answered nobody well: sync\n" in done.stdout
    assert run(SMALL).returncode == 0


async def test_what_is_heard_in_bytes_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, str, int]] = []
    monkeypatch.setattr(witness, "show", lambda method, path, answer: seen.append((method, path, answer.status)))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"nonsense")
        for status in (100, 200, 404, 400):
            writer.write(b"HTTP/1.1 %d It is so\r\n\r\n" % status)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, Wire(server.sockets[0].getsockname()[1]) as line:
        await line.say(request("PUT", "/one?x", b"{}"), request("GET", "/two")[:9], request("GET", "/two")[9:])
        await line.say(b"nonsense")
        assert [(await line.hear()).status for _ in range(4)] == [100, 200, 404, 400]
    assert seen == [("PUT", "/one?x", 200), ("GET", "/two", 404)]


@pytest.mark.usefixtures("specification")
def test_what_is_answered_before_and_after_a_test_fails_it_too(tmp_path: Path) -> None:
    (tmp_path / "test_steps.py").write_text(STEPS)
    done = run("-p", "tests.conftest", str(tmp_path))
    assert done.returncode == 1, done.stdout
    told = re.findall(r"^(ERROR|FAILED) \S+::(\w+)", done.stdout, re.MULTILINE)
    assert told == [("FAILED", "test_amid"), ("ERROR", "test_before"), ("ERROR", "test_after")]
    whole, _, _ = done.stdout.partition("short test summary")  # in CI that tells everything once more
    assert whole.count("GET /_matrix/client/v3/account/whoami → 200 (the answer): stands without the CORS") == 3
    assert "3 answers held against the specification" in done.stdout
