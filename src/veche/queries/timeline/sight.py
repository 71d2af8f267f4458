"""What somebody may see of a room: read once per query, then asked for every event."""

from bisect import bisect_right
from functools import cached_property

from veche.domain.events import HISTORY_VISIBILITY, MEMBER
from veche.domain.ids import Position, RoomId, UserId
from veche.domain.refusals import Refusal, Refused, forbidden
from veche.domain.timeline import Event
from veche.domain.visibility import Range, is_visible, visible_ranges, visible_state_position
from veche.storage import account_data, accounts, rooms
from veche.storage.rows import Rows

Changes = list[tuple[Position, str]]


class Hearing:
    """Whose words are kept from one person, in whatever room; read once for all rooms of a query."""

    def __init__(self, rows: Rows, user: UserId, ignored: frozenset[UserId] | None = None) -> None:
        self._rows = rows
        self._user = user
        if ignored is not None:
            self.ignored = ignored

    @cached_property
    def ignored(self) -> frozenset[UserId]:
        """Those whom the person ignores."""
        return account_data.ignored_by(self._rows, self._user)

    @cached_property
    def erased(self) -> dict[UserId, Position]:
        """All who had their words erased, each with the position of that."""
        return accounts.erased_people(self._rows)


class Sight:
    """One person's view of one room at one moment.

    ``joined_since`` is given where the caller knows that the person has been joined from there until now: most
    questions are then answered without reading how it was before. ``hearing`` is given where one query has many rooms.
    """

    def __init__(
        self,
        rows: Rows,
        room: RoomId,
        user: UserId,
        joined_since: Position | None = None,
        hearing: Hearing | None = None,
    ) -> None:
        self.room = room
        self.user = user
        self._rows = rows
        self._head = rows.position
        self._joined_since = joined_since
        self._hearing = hearing or Hearing(rows, user)

    @property
    def ignored(self) -> frozenset[UserId]:
        """Those whom the person ignores."""
        return self._hearing.ignored

    def lacks_words_of(self, event: Event) -> bool:
        """Say whether the sender of an event had their words erased before the person came into the room."""
        return self.lacks_words_by(event.sender)

    def lacks_words_by(self, sender: UserId) -> bool:
        """Say whether somebody had their words erased before the person came into the room."""
        erased = self._hearing.erased.get(sender)
        if erased is None or (self._joined_since is not None and self._joined_since <= erased):
            return False
        return not any(value == "join" and position <= erased for position, value in self._membership)

    @cached_property
    def _visibility(self) -> Changes:
        return rooms.values_of(self._rows, self.room, HISTORY_VISIBILITY, "", "history_visibility")

    @cached_property
    def _membership(self) -> Changes:
        """How the person stood to the room; who has forgotten it is a stranger again (section Leaving rooms)."""
        now = rooms.membership(self._rows, self.room, self.user)
        if now is not None and now.is_forgotten:
            return []
        return rooms.values_of(self._rows, self.room, MEMBER, self.user, "membership")

    @cached_property
    def ranges(self) -> list[Range]:
        """The positions that may be read, in order."""
        return visible_ranges(self._visibility, self._membership, self._head)

    @property
    def is_blind(self) -> bool:
        """Say whether nothing of the room may be read."""
        return not self.ranges

    def sees(self, position: Position) -> bool:
        """Say whether the event at ``position`` may be read."""
        if self._joined_since is not None and self._joined_since <= position <= self._head:
            return True
        return is_visible(self.ranges, position)

    def state_position(self) -> Position:
        """Return the position whose state may be read; raises 403 for outsiders."""
        found = visible_state_position(self._visibility, self._membership, self._head)
        if isinstance(found, Refusal):
            raise Refused(found)
        return found

    def nearest_from(self, position: Position) -> Position:
        """Return the first position from ``position`` on that may be read, else the last one before it."""
        later = next((span for span in self.ranges if span.last >= position), self.ranges[-1])
        return Position(max(later.first, min(position, later.last)))

    @property
    def is_open_to_all(self) -> bool:
        """Say whether the world may read the room now."""
        return bool(self._visibility) and self._visibility[-1][1] == "world_readable"

    @property
    def last_stay(self) -> Range | None:
        """Return from when to when somebody who is outside was in the room last; None where they never were."""
        first: Position | None = None
        stay: Range | None = None
        for position, value in self._membership:
            if value == "join":
                first = position if first is None else first
            elif first is not None:
                stay, first = Range(first, position), None
        return stay

    def membership_at(self, position: Position) -> str:
        """Return how the person stood to the room at ``position``, the event there included."""
        if self._joined_since is not None and position >= self._joined_since:
            return "join"
        before = bisect_right(self._membership, position, key=_position)
        return self._membership[before - 1][1] if before else "leave"

    def ranges_within(self, after: Position, until: Position) -> list[Range]:
        """Return the readable positions of (after, until], in order."""
        if self._joined_since is not None and self._joined_since <= after + 1:
            return [Range(Position(after + 1), until)] if until > after else []
        cut = [Range(Position(max(after + 1, span.first)), min(until, span.last)) for span in self.ranges]
        return [span for span in cut if span.first <= span.last]


def sight_of(rows: Rows, room: RoomId, user: UserId) -> Sight:
    """Return what ``user`` may see of a room; raises 403 where that is nothing, whether or not the room exists."""
    sight = Sight(rows, room, user)
    if sight.is_blind:
        raise Refused(forbidden("You may not read that room."))
    return sight


def _position(change: tuple[Position, str]) -> Position:
    return change[0]
