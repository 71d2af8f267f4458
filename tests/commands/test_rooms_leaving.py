"""What touches all rooms of a person at once: leaving them, and showing a new name or picture in them."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import msgspec

from tests.cast import ANNA, BORIS
from tests.stage.people import Person
from tests.stage.rooms import found, log, membership, put_state, rows_of
from tests.stage.world import World
from veche.commands.context import Context
from veche.commands.rooms import announce_profile, leave_all_rooms
from veche.commands.rooms.leaving import ROOMS_AT_ONCE
from veche.domain.ids import RoomId
from veche.storage.reader import Reader


class Late:
    """A reader whose answers are outdated before anything comes of them: ``meanwhile`` happens in between."""

    def __init__(self, reader: Reader, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self._reader = reader
        self._meanwhile = meanwhile

    async def run(self, read: Any) -> Any:
        """Read, then let something happen."""
        found = await self._reader.run(read)
        await self._meanwhile()
        return found


def late(world: World, meanwhile: Callable[[], Awaitable[object]]) -> Context:
    """The context of a command that is overtaken."""
    return msgspec.structs.replace(world.commands, reader=cast(Reader, Late(world.commands.reader, meanwhile)))


async def name(person: Person, text: str) -> None:
    """Give oneself a display name."""
    (await person.put(f"/profile/{person.user}/displayname", {"displayname": text})).ok()


async def test_every_room_is_left_and_every_invitation_and_knock_ended(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    joined = [await found(anna, boris) for _ in range(2)]
    invited = await found(anna, invite=[boris.user])
    knock = {"type": "m.room.join_rules", "content": {"join_rule": "knock"}}
    knocked = await found(anna, initial_state=[knock])
    (await boris.post(f"/knock/{knocked}")).ok()
    banned = await found(anna, boris)
    (await anna.post(f"/rooms/{banned}/ban", {"user_id": boris.user})).ok()
    await leave_all_rooms(world.commands, boris.asker)
    for room in (*joined, invited, knocked):
        assert await membership(anna, room, boris) == {"membership": "leave"}
    assert (await membership(anna, banned, boris))["membership"] == "ban"
    before = await rows_of(world)
    await leave_all_rooms(world.commands, boris.asker)
    assert await rows_of(world) == before


async def test_more_rooms_than_fit_into_one_slice_are_left(world: World) -> None:
    anna = await world.person(ANNA)
    for _ in range(ROOMS_AT_ONCE + 1):
        await found(anna)
    await leave_all_rooms(world.commands, anna.asker)
    assert (await anna.get("/joined_rooms")).ok() == {"joined_rooms": []}


async def test_a_room_that_was_left_meanwhile_is_not_left_twice(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    overtaken = late(world, lambda: boris.post(f"/rooms/{room}/leave", {"reason": "first"}))
    await leave_all_rooms(overtaken, boris.asker)
    assert await membership(anna, room, boris) == {"membership": "leave", "reason": "first"}


async def test_a_new_name_is_shown_in_joined_rooms_and_what_else_the_event_says_remains(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room, other = await found(anna, boris), await found(anna, invite=[boris.user])
    own = {"membership": "join", "org.example.badge": 7, "displayname": "local", "reason": "once"}
    await put_state(boris, room, "m.room.member", own, boris.user)
    await name(boris, "Boris")
    assert await membership(anna, room, boris) == {
        "displayname": "Boris",
        "membership": "join",
        "org.example.badge": 7,
    }
    assert "displayname" not in await membership(anna, other, boris)
    await name(boris, "Bob")
    assert (await membership(anna, room, boris))["displayname"] == "Bob"
    (await boris.put(f"/profile/{boris.user}/avatar_url", {"avatar_url": "mxc://veche.test/x"})).ok()
    assert (await membership(anna, room, boris))["avatar_url"] == "mxc://veche.test/x"


async def test_what_is_shown_already_gets_no_event(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    await name(boris, "Boris")
    events = len(await log(anna, room))
    await announce_profile(world.commands, boris.asker)
    assert len(await log(anna, room)) == events


async def test_nothing_is_shown_in_a_room_that_was_left_meanwhile(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room: RoomId = await found(anna, boris)
    overtaken = late(world, lambda: boris.post(f"/rooms/{room}/leave"))
    await announce_profile(overtaken, boris.asker)
    assert await membership(anna, room, boris) == {"membership": "leave"}
