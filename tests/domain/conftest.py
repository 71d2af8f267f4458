"""A room for the tables of this folder: founded by Anna, in whatever state a row asks for."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from veche.domain.events import CREATE, MEMBER, Content, RoomState, StateEvent
from veche.domain.ids import EventId, Position, RoomId, UserId

FOUNDER = UserId("@anna:x")
THE_ROOM = RoomId("!room:x")


class Room:
    """A room's state held in a dictionary."""

    room_id = THE_ROOM

    def __init__(self) -> None:
        self._events: dict[tuple[str, str], StateEvent] = {}

    def put(self, kind: str, key: str, content: Content) -> None:
        position = len(self._events) + 1
        event = StateEvent(kind, key, FOUNDER, content, EventId(f"${position}"), Position(position))
        self._events[kind, key] = event

    def get(self, kind: str, key: str = "") -> StateEvent | None:
        return self._events.get((kind, key))


def make_room(
    members: Mapping[UserId, str] | None = None,
    state: Mapping[str, Content] | None = None,
    version: str = "11",
    **creation: Any,
) -> RoomState:
    """Return the state of a room: memberships by person, contents by event type, extras of the create event."""
    room = Room()
    room.put(CREATE, "", {"room_version": version, **creation})
    for person, membership in (members or {}).items():
        room.put(MEMBER, person, {"membership": membership})
    for kind, content in (state or {}).items():
        room.put(kind, "", content)
    return room


@pytest.fixture
def room() -> Callable[..., RoomState]:
    """Give the maker of rooms."""
    return make_room


@pytest.fixture
def void() -> RoomState:
    """Give the state of a room before its first event."""
    return Room()
