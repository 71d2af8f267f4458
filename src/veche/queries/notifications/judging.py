"""Applying a person's own push rules to events: the rules and ignored people as they are now, everything about the
room as it was when the event was sent (section Push Rules).
"""

from bisect import bisect_left
from collections.abc import Iterable
from functools import cached_property

from veche.domain.events import MEMBER, POWER_LEVELS
from veche.domain.ids import Position, RoomId, UserId
from veche.domain.notifications import EventFacts, MemberFacts, RoomFacts, Verdict, evaluate, ruleset_from
from veche.domain.power_levels import PowerLevels, power_levels
from veche.domain.timeline import Event, content_of
from veche.storage import account_data, notifications, rooms
from veche.storage.notifications import past
from veche.storage.rooms import PastState
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

    @property
    def stamp(self) -> tuple[object, ...]:
        """What earlier verdicts have to agree on to be still good."""
        return (self.position, self.ignored)

    def expect(self, events: Iterable[Event]) -> None:
        """Read at once what will be asked of each room for these events."""
        positions: dict[RoomId, list[Position]] = {}
        for event in events:
            positions.setdefault(event.room_id, []).append(event.position)
        for room, some in positions.items():
            self.in_room(room).expect(some)

    def in_room(self, room: RoomId) -> "JudgeInRoom":
        """Return the judge of a room's events."""
        if room not in self._rooms:
            self._rooms[room] = JudgeInRoom(self._rows, room, self)
        return self._rooms[room]


class JudgeInRoom:
    """Applies the rules to the events of one room; what they ask of it is read when the first event asks."""

    def __init__(self, rows: Rows, room: RoomId, judge: Judge) -> None:
        self.room = room
        self.user = judge.user
        self._rows = rows
        self._judge = judge
        self._levels: dict[int, PowerLevels] = {}
        self._counted: dict[Position, int] = {}

    @property
    def stamp(self) -> tuple[object, ...]:
        """As for ``Judge``."""
        return self._judge.stamp

    def verdicts(self, events: Iterable[Event]) -> list[Verdict]:
        """Return what the rules make of each of these events of the room."""
        wanted = list(events)
        self.expect([event.position for event in wanted])
        return [self.verdict(event) for event in wanted]

    def expect(self, positions: list[Position]) -> None:
        """Read at once what the events at these positions will be judged by."""
        self._counted |= self._sizes(positions)

    def verdict(self, event: Event) -> Verdict:
        """Return what the rules make of an event; those of ignored people, and what was unsaid, say nothing."""
        if event.sender in self._judge.ignored or event.redaction is not None:
            return _SILENT
        levels = self._levels_before(event.position)
        facts = EventFacts(event.type, content_of(event), event.sender, self.room, event.state_key)
        room = RoomFacts(self._size_before(event.position), levels.of(event.sender), levels.notifications)
        return evaluate(self._judge.ruleset, facts, room, MemberFacts(self.user, self._name_before(event.position)))

    def _levels_before(self, position: Position) -> PowerLevels:
        epoch = bisect_left(self._changes_of_levels, position)
        if epoch not in self._levels:
            self._levels[epoch] = power_levels(PastState(self._rows, self.room, Position(position - 1)))
        return self._levels[epoch]

    def _name_before(self, position: Position) -> str | None:
        epoch = bisect_left(self._names, position, key=_position)
        return self._names[epoch - 1][1] if epoch else None

    def _size_before(self, position: Position) -> int:
        if position not in self._counted:
            self._counted |= self._sizes([position])
        return self._counted[position]

    def _sizes(self, positions: list[Position]) -> dict[Position, int]:
        """Return how many were joined before each position: as many as now, less those who came since."""
        if not positions:
            return {}
        moves = past.moves_since(self._rows, self.room, Position(min(positions) - 1))
        sizes, members = {}, self._members
        for position in sorted(positions, reverse=True):
            while moves and moves[-1][0] >= position:
                members -= moves.pop()[1]
            sizes[position] = members
        return sizes

    @cached_property
    def _members(self) -> int:
        return rooms.count(self._rows, self.room, "join")

    @cached_property
    def _changes_of_levels(self) -> list[Position]:
        return past.changes_of_state(self._rows, self.room, POWER_LEVELS, "")

    @cached_property
    def _names(self) -> list[tuple[Position, str | None]]:
        """The names that the person bore in the room, each with the position from which on they did."""
        found = rooms.changes_of(self._rows, self.room, MEMBER, self.user)
        return [(position, _name(content.get("displayname"))) for position, content in found]


def _position(change: tuple[Position, str | None]) -> Position:
    return change[0]


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and "\x00" not in value else None
