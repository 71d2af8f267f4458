"""Counts, lists and pushes say the same as the plain model, on both engines, whatever three people do."""

from random import Random

import pytest

from tests.effort import effort
from tests.notified.story import Story, people_of
from tests.stage.gateways import ALLOWED
from tests.stage.world import World

pytestmark = pytest.mark.settings(push_gateways=ALLOWED)


async def tell_stories(world: World) -> None:
    """As many stories as the depth asks for."""
    people = await people_of(world)
    for seed in range(effort("notified_stories")):
        await Story(world, people, Random(seed), seed).tell(effort("notified_steps"))


async def test_everybody_is_notified_of_what_their_rules_say(world: World) -> None:
    await tell_stories(world)
