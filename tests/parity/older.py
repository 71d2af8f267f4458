"""What clients from before ``/sync`` read, compared with the log: the stream of events, and everything at once."""

from typing import Any

import msgspec

from tests.parity.client import MEMBER, Event, Shape
from tests.parity.compare import agree
from tests.parity.truth import VISIBILITY, Piece, leaving, passing, raw_log, state_at_leaving, visible_log
from tests.stage.people import Person
from tests.stage.world import World
from veche.domain.ids import Position, UserId
from veche.domain.timeline import Event as Stored
from veche.storage import rooms
from veche.storage.reader import Snapshot
from veche.storage.rooms import Membership


class Part(msgspec.Struct, frozen=True):
    """What is true of one room for somebody: how they stand to it, and its events in the stream.

    ``whole_since`` is a position since which nothing was hidden from them; ``left`` the state that they left.
    """

    member: Membership
    events: list[Stored]
    whole_since: Position
    left: dict[Piece, str]

    @property
    def is_told_at_first(self) -> bool:
        """Whether the room is among those that are told at once; knocking has no name there."""
        return bool(self.events) and not self.member.is_forgotten and self.member.membership != "knock"


async def compare_older(world: World, person: Person, ignored: set[str]) -> None:
    """Read the whole stream of events and the initial sync of a person; each has to hold all they may see, once."""
    parts = await world.queries.reader.run(lambda at: _parts(at, person.user, ignored))
    stream = sorted((event for part in parts.values() for event in part.events), key=lambda event: event.position)
    agree(f"stream of {person.user}", await _read_all(person), [event.event_id for event in stream])
    told = (await person.get("/initialSync", limit=1000, archived="true")).ok()["rooms"]
    agree(
        f"rooms of {person.user} at first",
        sorted((one["room_id"], one["membership"]) for one in told),
        sorted((room, part.member.membership) for room, part in parts.items() if part.is_told_at_first),
    )
    for one in told:
        await _compare_room(person, one, parts[one["room_id"]])


async def _compare_room(person: Person, told: dict[str, Any], part: Part) -> None:
    place = f"{part.member.room_id} for {person.user} at first"
    true = [event.event_id for event in part.events]
    if part.member.membership == "invite":
        agree(f"invitation to {place}", told["invite"]["event_id"], true[-1])
        return
    chunk = _ids(told["messages"]["chunk"])
    whole = [event.event_id for event in part.events if event.position >= part.whole_since]
    agree(f"newest of {place}", chunk[-len(whole) :], whole)
    older = await _read_back(person, told) if len(chunk) < len(true) else []
    agree(f"log of {place}", [*older, *chunk], true)
    state = part.left
    if part.member.membership == "join":
        state = _pieces((await person.get(f"/rooms/{part.member.room_id}/state")).ok())
    agree(f"state of {place}", _pieces(told["state"]), state)


async def _read_all(person: Person) -> list[str]:
    """Read from the beginning to the end, a page at a time."""
    found: list[str] = []
    token = "0"
    while chunk := (page := (await person.get("/events", **{"from": token})).ok())["chunk"]:
        found += _ids(chunk)
        token = page["end"]
    return found


async def _read_back(person: Person, told: dict[str, Any]) -> list[str]:
    """Read what is older than the messages of a room, a page at a time, and return it oldest first."""
    found: list[str] = []
    start = told["messages"].get("start")
    while start is not None:
        page = (await person.get(f"/rooms/{told['room_id']}/messages", dir="b", limit=1000, **{"from": start})).ok()
        found += _ids(page["chunk"])
        start = page.get("end")
    return found[::-1]


def _ids(events: list[Event]) -> list[str]:
    return [event["event_id"] for event in events]


def _pieces(events: list[Event]) -> dict[Piece, str]:
    return {(event["type"], event["state_key"]): event["event_id"] for event in events}


def _parts(at: Snapshot, user: UserId, ignored: set[str]) -> dict[str, Part]:
    return {
        member.room_id: _part(raw_log(at, member.room_id), member, ignored) for member in rooms.memberships_of(at, user)
    }


def _part(log: list[Stored], member: Membership, ignored: set[str]) -> Part:
    [own] = [event for event in log if event.position == member.position]
    events = _of_room(log, member, own, ignored)
    return Part(member, events, _unbroken_since(log, member), state_at_leaving(log, member.user_id, own))


def _of_room(log: list[Stored], member: Membership, own: Stored, ignored: set[str]) -> list[Stored]:
    """What the stream tells of a room: all that is visible, and to those outside only until they left."""
    seen = passing(visible_log(log, member.user_id), Shape(), ignored)
    if member.membership == "join":
        return seen
    if member.membership == "invite" and own.sender in ignored:
        return []
    left_at = _left_at(log, member)
    return [event for event in seen if event.position <= left_at and event is not own] + [own]


def _left_at(log: list[Stored], member: Membership) -> Position:
    return Position(0) if member.is_forgotten else leaving(log, member.user_id, member.position)


def _unbroken_since(log: list[Stored], member: Membership) -> Position:
    """Return from where on nothing was hidden up to the end, or the leaving: since nothing that could end a gap."""
    until = log[-1].position if member.membership == "join" else _left_at(log, member) - 1
    seen = {event.position for event in visible_log(log, member.user_id)}
    turns = (VISIBILITY, ""), (MEMBER, member.user_id)
    return max(
        (
            event.position
            for event in log
            if event.position <= until and (event.position not in seen or (event.type, event.state_key) in turns)
        ),
        default=Position(0),
    )
