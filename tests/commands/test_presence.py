"""Presence: one's own status, remembered in memory."""

import pytest

from tests.cast import ANNA, BORIS
from tests.commands.conversation import head
from tests.stage.world import World
from veche.commands.presence import set_presence
from veche.domain.refusals import Refused
from veche.live.presence import Status


async def test_a_status_is_remembered_and_not_written(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    before, presence = await head(world), world.queries.live.presence
    await set_presence(world.commands, anna.asker, anna.user, "unavailable", "lunch")
    found = presence.find(anna.user)
    assert isinstance(found, Status)
    assert (found.presence, found.status_msg) == ("unavailable", "lunch")
    assert presence.all() == {anna.user: found}
    with pytest.raises(Refused) as refused:
        await set_presence(world.commands, boris.asker, anna.user, "offline", None)
    assert refused.value.refusal.status == 403
    assert (presence.find(anna.user), await head(world)) == (found, before)
