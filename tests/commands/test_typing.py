"""Typing: one's own, in rooms one is in, for a while; told once, and nothing is written."""

import pytest

from tests.cast import ANNA, BORIS
from tests.commands.conversation import conversation, head
from tests.stage.world import Person, World
from veche.commands.typing import LONGEST_MS, USUAL_MS, set_typing
from veche.domain.ids import RoomId
from veche.domain.refusals import Refused


async def types(world: World, person: Person, room: RoomId, timeout_ms: int | None = None, *, yes: bool = True) -> None:
    """Somebody says that they type, or no longer."""
    await set_typing(world.commands, person.asker, room, person.user, is_typing=yes, timeout_ms=timeout_ms)


@pytest.mark.parametrize(
    ("timeout_ms", "lasts_ms"), [(None, USUAL_MS), (5_000, 5_000), (10 * LONGEST_MS, LONGEST_MS), (0, 0), (-5, 0)]
)
async def test_typing_lasts_as_long_as_it_says(world: World, timeout_ms: int | None, lasts_ms: int) -> None:
    anna = await world.person(ANNA)
    talk, typing = await conversation(world, anna), world.queries.live.typing
    await types(world, anna, talk.room, timeout_ms)
    assert typing.users(talk.room) == ([anna.user] if lasts_ms else [])
    world.clock.advance(ms=max(0, lasts_ms - 1_000))
    typing.expire()
    assert typing.users(talk.room) == ([anna.user] if lasts_ms else [])
    world.clock.advance(ms=1_000)
    typing.expire()
    assert typing.users(talk.room) == []


async def test_typing_ends_when_somebody_says_so_and_writes_nothing(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk, typing = await conversation(world, anna, boris), world.queries.live.typing
    before = await head(world)
    await types(world, boris, talk.room)
    newest = typing.newest
    await types(world, boris, talk.room)
    assert typing.newest == newest, "going on is no news"
    await types(world, boris, talk.room, yes=False)
    assert (typing.users(talk.room), await head(world)) == ([], before)


async def test_only_ones_own_typing_in_ones_own_rooms(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna)
    for person, room, user in ((anna, talk.room, boris.user), (boris, talk.room, boris.user)):
        with pytest.raises(Refused) as refused:
            await set_typing(world.commands, person.asker, room, user, is_typing=True, timeout_ms=None)
        assert refused.value.refusal.status == 403
    assert world.queries.live.typing.users(talk.room) == []
