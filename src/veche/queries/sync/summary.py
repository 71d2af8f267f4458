"""A room's summary in a sync: how many are in it, and whose names it may be called by."""

import msgspec

from veche.base import json
from veche.domain.events import CANONICAL_ALIAS, NAME
from veche.domain.ids import RoomId, UserId
from veche.storage import rooms
from veche.storage.rows import Rows

HEROES = 5


class Summary(msgspec.Struct, frozen=True):
    """Counts and heroes of a room; ``heroes`` is None where the room has a name of its own."""

    joined: int
    invited: int
    heroes: list[UserId] | None

    def json(self) -> bytes:
        """Return the object ``summary``."""
        members = {"m.joined_member_count": self.joined, "m.invited_member_count": self.invited}
        return json.encode(members if self.heroes is None else {**members, "m.heroes": self.heroes})


def summary_of(rows: Rows, room: RoomId, user: UserId) -> Summary:
    """Return a room's present summary for one member."""
    joined, invited = rooms.count(rows, room, "join"), rooms.count(rows, room, "invite")
    if _has_name(rows, room):
        return Summary(joined, invited, None)
    heroes = rooms.first_members(rows, room, ("join", "invite"), user, HEROES)
    return Summary(joined, invited, heroes or rooms.first_members(rows, room, ("leave", "ban"), user, HEROES))


def _has_name(rows: Rows, room: RoomId) -> bool:
    state = rooms.current_state(rows, room)
    name, alias = state.get(NAME), state.get(CANONICAL_ALIAS)
    return bool(name and name.content.get("name")) or bool(alias and alias.content.get("alias"))
