"""Messages to a device arrive all and in order, though answers get lost and the server restarts between them."""

import pytest

from tests.cast import ANNA, BORIS
from tests.faults import bugs
from tests.faults.ledger import Lost
from tests.stage.world import World

MESSAGES = 250
"""More than two answers hold."""


async def receive_all(world: World) -> None:
    """Send more than fits an answer, lose every other answer, restart after each; raise ``Lost`` if any is missing."""
    anna, boris = await world.people(ANNA, BORIS)
    since = (await boris.get("/sync", timeout=0)).ok()["next_batch"]
    for number in range(MESSAGES):
        messages = {"messages": {boris.user: {str(boris.asker.device): {"number": number}}}}
        (await anna.put(f"/sendToDevice/org.veche.test/{number}", messages)).ok()
    received: list[int] = []
    while True:
        await boris.get("/sync", since=since, timeout=0)  # lost on its way
        await world.restart()
        answer = (await boris.get("/sync", since=since, timeout=0)).ok()
        since = answer["next_batch"]
        found = [event["content"]["number"] for event in answer.get("to_device", {}).get("events", [])]
        if not found:
            break
        received += found
    if received != list(range(MESSAGES)):
        raise Lost(f"{len(received)} of {MESSAGES} messages arrived")


async def test_every_message_arrives_once(world: World) -> None:
    await receive_all(world)


@pytest.mark.parametrize("engine_name", ["sqlite"])
async def test_a_planted_bug_is_found(world: World) -> None:
    with bugs.advancing_the_token_past_the_inbox(), pytest.raises(Lost):
        await receive_all(world)
