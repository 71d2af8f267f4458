"""A room with people in it, for tests of what they do there: who says what in which thread, who has read how far."""

from itertools import count
from typing import Any

import msgspec

from tests.stage.world import Person, World
from veche.domain.facts import Entry
from veche.domain.ids import EventId, Position, RoomId
from veche.queries.sync import unread
from veche.queries.sync.unread import Unread

_numbers = count(1)


class Conversation(msgspec.Struct, frozen=True):
    """A room and whoever talks in it."""

    world: World
    room: RoomId

    async def say(
        self, person: Person, body: str = "hello", *, thread: str | None = None, mentions: dict[str, Any] | None = None
    ) -> EventId:
        """Somebody says something, in a thread or not, with or without ``m.mentions``."""
        content: dict[str, Any] = {"msgtype": "m.text", "body": body}
        if mentions is not None:
            content["m.mentions"] = mentions
        if thread is not None:
            content["m.relates_to"] = {"rel_type": "m.thread", "event_id": thread}
        return await self.send(person, "m.room.message", content)

    async def send(self, person: Person, kind: str, content: dict[str, Any]) -> EventId:
        """Somebody sends an event of any type."""
        path = f"/rooms/{self.room}/send/{kind}/{next(_numbers)}"
        return EventId((await person.put(path, content)).ok()["event_id"])

    async def unread(self, person: Person) -> Unread:
        """What somebody has not read, threads apart."""
        known = self.world.queries.live.counts
        return await self.world.queries.reader.run(
            lambda at: unread.of_rooms(at, person.user, [self.room], True, known)[self.room]
        )

    async def counts(self, person: Person) -> tuple[int, int]:
        """How often somebody is notified of the main timeline, and how often loudly."""
        found = await self.unread(person)
        return found.notify, found.highlight


async def conversation(world: World, founder: Person, *others: Person) -> Conversation:
    """Found a room in which everybody may speak; the others join it."""
    body = {"preset": "public_chat", "room_version": "11"}
    room = RoomId((await founder.post("/createRoom", body)).ok()["room_id"])
    for person in others:
        (await person.post(f"/join/{room}")).ok()
    return Conversation(world, room)


async def head(world: World) -> Position:
    """The newest position on disk."""
    return await world.queries.reader.run(lambda at: at.position)


def told_since(world: World, position: Position) -> list[Entry]:
    """What was told after a position."""
    entries = world.queries.live.tail.since(position)
    assert entries is not None
    return entries
