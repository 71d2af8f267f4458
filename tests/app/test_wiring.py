"""A running server: whatever became of its tasks, its end closes everything."""

import asyncio

import pytest

from tests.stage.world import World


async def test_a_task_that_failed_is_told_of_and_keeps_nothing_open(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise ValueError("this task fails")

    world.running.tasks.insert(0, asyncio.create_task(fail()))
    await asyncio.sleep(0)
    await world.restart()
    assert "this task fails" in caplog.text
    await world.person("anna")
