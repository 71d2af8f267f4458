"""Going through the events that may notify somebody: of their joined rooms since they joined, and invitations.

What notifies and what does not is not known here.
"""

from collections.abc import Iterator
from heapq import heapify, heappop, heapreplace

from veche.domain.ids import Position, RoomId, UserId
from veche.domain.timeline import Event, content_of
from veche.storage.account_data import blocks_invitations
from veche.storage.rows import Rows
from veche.storage.timeline.reading import COLUMNS_OF_E, at_positions, page

AT_ONCE = 20
"""Events of one room that are read together."""


def newest_first(rows: Rows, user: UserId, before: Position) -> Iterator[Event]:
    """Yield the events before a position of all rooms where ``user`` is joined and not muted, and their invitations.

    Rooms are read bit by bit, each only when its turn has come.
    """
    rooms = [_Room(rows, *found) for found in _heads(rows, user, before)]
    rooms += [_only(rows, event) for event in _invitations(rows, user) if event.position < before]
    waiting = [(-room.head, at) for at, room in enumerate(rooms)]
    heapify(waiting)
    while waiting:
        room = rooms[waiting[0][1]]
        yield room.pop()
        if room.head:
            heapreplace(waiting, (-room.head, waiting[0][1]))
        else:
            heappop(waiting)


def oldest_first(rows: Rows, user: UserId, after: Position, until: Position, limit: int) -> list[Event]:
    """Return the first ``limit`` of the same events in (after, until], a stretch of the log that should not be long.

    What ``user`` sent is left out. Of invitations only those that stand, and none while they block them all.
    """
    invited = "" if blocks_invitations(rows, user) else " OR (m.membership = 'invite' AND e.position = m.position)"
    found = rows.all(
        f"SELECT {COLUMNS_OF_E} FROM events e CROSS JOIN memberships m"
        " WHERE e.position > ? AND e.position <= ? AND m.room_id = e.room_id AND m.user_id = ? AND e.sender <> ?"
        " AND ((m.membership = 'join' AND e.position > m.since_position AND m.class <> 'muted')"
        f"{invited}) ORDER BY e.position LIMIT ?",
        after,
        until,
        user,
        user,
        limit,
    )
    return [Event(*row) for row in found]


def end_of_stretch(rows: Rows, after: Position, length: int) -> Position:
    """Return the end of a stretch of the log after a position: ``length`` positions from the next event on.

    Restored backups leave gaps that would take for ever to go through.
    """
    row = rows.one("SELECT MIN(position) FROM events WHERE position > ?", after)
    if row is None or row[0] is None:
        return rows.position
    return Position(min(row[0] + length, rows.position))


class _Room:
    """One room on its way back; ``head`` is the position of its next event, 0 at the end."""

    def __init__(
        self, rows: Rows, room: RoomId, since: Position, head: Position, known: list[Event] | None = None
    ) -> None:
        self.head = head
        self._rows = rows
        self._room = room
        self._since = since
        self._known = known or []

    def pop(self) -> Event:
        """Return the next event."""
        if not self._known:
            self._read(self.head)
        event = self._known.pop()
        if not self._known:
            self._read(Position(event.position - 1))
        self.head = self._known[-1].position if self._known else Position(0)
        return event

    def _read(self, until: Position) -> None:
        self._known = page(self._rows, self._room, self._since, until, AT_ONCE, newest_first=True)[::-1]


def _only(rows: Rows, event: Event) -> _Room:
    """One event of a room, and no more of it."""
    return _Room(rows, event.room_id, event.position, event.position, [event])


def _heads(rows: Rows, user: UserId, before: Position) -> list[tuple[RoomId, Position, Position]]:
    """Return (room, joined since, newest event) of the rooms with any."""
    found = rows.all(
        "SELECT m.room_id, m.since_position, (SELECT MAX(e.position) FROM events e WHERE e.room_id = m.room_id"
        " AND e.position < ?) FROM memberships m"
        " WHERE m.user_id = ? AND m.membership = 'join' AND m.class <> 'muted'",
        before,
        user,
    )
    return [(room, since, head) for room, since, head in found if head is not None and head > since]


def _invitations(rows: Rows, user: UserId) -> list[Event]:
    """Return the invitations that stand, unless they are blocked, and those that led into a room where ``user`` is."""
    kinds = ("join",) if blocks_invitations(rows, user) else ("join", "invite")
    found = rows.all(
        "SELECT CASE WHEN m.membership = 'invite' THEN m.position ELSE (SELECT MAX(h.position) FROM state_history h"
        " WHERE h.room_id = m.room_id AND h.type = 'm.room.member' AND h.state_key = m.user_id"
        " AND h.position < m.since_position) END"
        f" FROM memberships m WHERE m.user_id = ? AND m.membership IN ({', '.join('?' * len(kinds))})",
        user,
        *kinds,
    )
    events = at_positions(rows, [row[0] for row in found if row[0] is not None])
    return [event for event in events if content_of(event).get("membership") == "invite"]
