"""A decoding process for each test that wants one."""

import asyncio
from collections.abc import Iterator

import pytest

from veche.integrations.imaging.jobs import Imaging


@pytest.fixture
def imaging(runner: asyncio.Runner) -> Iterator[Imaging]:
    """The queue as the server uses it; its processes end with the test."""
    made = Imaging()
    yield made
    runner.run(made.close())
