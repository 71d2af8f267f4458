"""Runs the tests that the JavaScript driver has of its own, by Node's test runner."""

import subprocess

from tests.clients.js_client import FOLDER


def test_the_polyfill_behaves_as_the_language_says() -> None:
    ended = subprocess.run(["node", "--test"], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
