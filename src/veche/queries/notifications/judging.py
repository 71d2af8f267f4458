"""Applying a person's own push rules to events, with everything about room and member as it is now."""

from functools import cached_property

from veche.domain.events import POWER_LEVELS
from veche.domain.ids import RoomId, UserId
from veche.domain.notifications import (
    EventFacts,
    MemberFacts,
    RoomFacts,
    Verdict,
    evaluate,
    fits_size,
    in_order,
    ruleset_from,
)
from veche.domain.power_levels import PowerLevels, power_levels
from veche.domain.timeline import Event, content_of
from veche.storage import account_data, notifications, rooms
from veche.storage.rooms import CurrentState
from veche.storage.rows import Rows

_SILENT = Verdict()


class Judge:
    """One person's rules and ignored people; gives a judge for each room."""

    def __init__(self, rows: Rows, user: UserId) -> None:
        self._rows = rows
        self.user = user
        changes, self.position = notifications.find_changes(rows, user)
        self.ruleset = ruleset_from(user, changes)
        self.ignored = account_data.ignored_by(rows, user)
        self._rooms: dict[RoomId, JudgeInRoom] = {}

    @cached_property
    def sizes(self) -> frozenset[str]:
        """The sizes of rooms that the rules tell apart, as their conditions name them."""
        conditions = [one for _, rule in in_order(self.ruleset) for one in rule.conditions or ()]
        return frozenset(one["is"] for one in conditions if one["kind"] == "room_member_count")

    def in_room(self, room: RoomId) -> "JudgeInRoom":
        """Return the judge of a room's events."""
        if room not in self._rooms:
            self._rooms[room] = JudgeInRoom(self._rows, room, self)
        return self._rooms[room]


class JudgeInRoom:
    """Applies the rules to the events of one room; its facts are read once, when the first event asks for them."""

    def __init__(self, rows: Rows, room: RoomId, judge: Judge) -> None:
        self.room = room
        self._rows = rows
        self._judge = judge
        membership = rooms.membership(rows, room, judge.user)
        self.member = MemberFacts(judge.user, membership.display_name if membership else None)

    @property
    def stamp(self) -> tuple[object, ...]:
        """What earlier verdicts have to agree on to be still good."""
        levels = self._state.get(POWER_LEVELS)
        sizes = frozenset(size for size in self._judge.sizes if fits_size(size, self._members))
        set_at = None if levels is None else levels.position
        return (self._judge.position, self._judge.ignored, self.member.display_name, set_at, sizes)

    def verdict(self, event: Event) -> Verdict:
        """Return what the rules make of an event; those of ignored people say nothing."""
        if event.sender in self._judge.ignored:
            return _SILENT
        levels = self._levels
        facts = EventFacts(event.type, content_of(event), event.sender, self.room, event.state_key)
        room = RoomFacts(self._members, levels.of(event.sender), levels.notifications)
        return evaluate(self._judge.ruleset, facts, room, self.member)

    @cached_property
    def _state(self) -> CurrentState:
        return rooms.current_state(self._rows, self.room)

    @cached_property
    def _levels(self) -> PowerLevels:
        return power_levels(self._state)

    @cached_property
    def _members(self) -> int:
        return rooms.count(self._rows, self.room, "join")
