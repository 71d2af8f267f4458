"""Applying a person's own push rules to events: the rules and ignored people as they are now, everything about the
room as it was when the event was sent (section Push Rules).
"""

from bisect import bisect_left, bisect_right
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
        self._moves: list[tuple[Position, int]] = []
        self._moves_known_after = rows.position

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
        if positions:
            self._read_moves(Position(min(positions) - 1))

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
        """Return how many were joined before a position that was expected."""
        since = bisect_right(self._moves, -position, key=_age)
        return self._moves[since - 1][1] if since else self._members

    def _read_moves(self, after: Position) -> None:
        """Read who came and went after a position, further back than was read before: newest first, each with the
        number of those who were joined before it, which is as many as now, less those who came since.
        """
        if after >= self._moves_known_after:
            return
        members = self._moves[-1][1] if self._moves else self._members
        for position, change in reversed(past.moves(self._rows, self.room, after, self._moves_known_after)):
            members -= change
            self._moves.append((position, members))
        self._moves_known_after = after

    @cached_property
    def _members(self) -> int:
        return rooms.count(self._rows, self.room, "join")

    @cached_property
    def _changes_of_levels(self) -> list[Position]:
        return rooms.positions_of_changes(self._rows, self.room, POWER_LEVELS, "")

    @cached_property
    def _names(self) -> list[tuple[Position, str | None]]:
        """The names that the person bore in the room, each with the position from which on they did."""
        found = rooms.changes_of(self._rows, self.room, MEMBER, self.user)
        return [(position, _name(content.get("displayname"))) for position, content in found]


def _age(move: tuple[Position, int]) -> int:
    return -move[0]


def _position(change: tuple[Position, str | None]) -> Position:
    return change[0]


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and "\x00" not in value else None
