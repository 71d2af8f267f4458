"""What nobody may overlook: that the specification's files are missing, or that something is served by name only."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.specification import ROOT, VARIABLE

LOUD = "THE CONFORMANCE TESTS DID NOT RUN"
SMALL = "tests/conformance/test_listed.py"


def run(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a few tests in a process of their own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_", "PYTEST_"))}
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
