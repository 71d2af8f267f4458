"""What is unread: running totals of rooms and threads behind a member's read marks, and the rows of their own.

Everything is read for many rooms at once. What a class makes of the figures is decided in the domain.
"""

from collections.abc import Iterable

import msgspec

from veche.domain.ids import EventId, Position, RoomId, UserId
from veche.domain.notifications import MemberClass, Totals
from veche.domain.timeline import MAIN, Event
from veche.storage.rows import Rows, all_in
from veche.storage.timeline.reading import COLUMNS
from veche.storage.writer import Transaction


class RoomCount(msgspec.Struct, frozen=True, gc=False):
    """A room's main timeline after ``base``, up to which the member has read it (or since which they are in it).

    ``notify`` and ``highlight`` are the room's totals behind that, ``own_…`` what the member's own rows add.
    """

    room_id: RoomId
    kind: MemberClass
    base: Position
    notify: int
    highlight: int
    own_notify: int
    own_highlight: int


class ThreadCount(msgspec.Struct, frozen=True, gc=False):
    """The same for a thread that has events after its base."""

    room_id: RoomId
    thread: EventId
    base: Position
    notify: int
    highlight: int
    own_notify: int
    own_highlight: int


class Mention(msgspec.Struct, frozen=True):
    """An event that named somebody, and whether they have read it."""

    event: Event
    is_read: bool


def room_counts(rows: Rows, user: UserId, rooms: Iterable[RoomId]) -> list[RoomCount]:
    """Return the counts of the main timelines of those of ``rooms`` that ``user`` is joined to."""
    return [RoomCount(*row) for row in all_in(rows, _ROOM_COUNTS, rooms, user)]


def thread_counts(rows: Rows, user: UserId, rooms: Iterable[RoomId]) -> list[ThreadCount]:
    """Return the counts of all threads in ``rooms`` that hold anything after the member's read marks."""
    return [ThreadCount(*row) for row in all_in(rows, _THREAD_COUNTS, rooms, user)]


def unread_events(rows: Rows, room: RoomId, thread: str, after: Position, but_not: UserId, most: int) -> list[Event]:
    """Return the newest ``most`` events of a thread (or MAIN) after a position that others than ``but_not`` sent."""
    if thread == MAIN:
        found = rows.all(
            f"SELECT {COLUMNS} FROM events WHERE room_id = ? AND position > ? AND thread = '' AND sender <> ?"
            " ORDER BY position DESC LIMIT ?",
            room,
            after,
            but_not,
            most,
        )
    else:
        found = rows.all(
            f"SELECT {_COLUMNS} FROM thread_events t JOIN events e ON e.position = t.position"
            " WHERE t.room_id = ? AND t.thread = ? AND t.position > ? AND e.sender <> ?"
            " ORDER BY t.position DESC LIMIT ?",
            room,
            thread,
            after,
            but_not,
            most,
        )
    return [Event(*row) for row in found]


def has_redactions(rows: Rows, room: RoomId, after: Position) -> bool:
    """Say whether anything was redacted in a room after a position."""
    row = rows.one(
        "SELECT 1 FROM events WHERE room_id = ? AND position > ? AND type = 'm.room.redaction' LIMIT 1", room, after
    )
    return row is not None


def joined_among(rows: Rows, room: RoomId, users: Iterable[UserId]) -> list[tuple[UserId, str | None]]:
    """Return (user, display name) of those of ``users`` who are joined to a room."""
    return all_in(
        rows,
        "SELECT user_id, display_name FROM memberships WHERE room_id = ? AND membership = 'join' AND user_id IN (??)",
        users,
        room,
    )


def add_own_count(tx: Transaction, user: UserId, event: Event, extra: Totals) -> None:
    """Write down what an event adds for somebody it names, beyond what it adds to its timeline."""
    tx.run(
        "INSERT INTO own_counts (user_id, room_id, thread, position, notify, highlight) VALUES (?, ?, ?, ?, ?, ?)",
        user,
        event.room_id,
        event.thread,
        event.position,
        extra.notify,
        extra.highlight,
    )


def mentions(rows: Rows, user: UserId, before: Position, limit: int) -> list[Mention]:
    """Return the newest events before a position that named ``user``, of rooms they are joined to."""
    found = rows.all(
        f"SELECT {_COLUMNS}, CASE WHEN EXISTS (SELECT 1 FROM read_marks r WHERE r.user_id = o.user_id"
        " AND r.room_id = o.room_id AND r.thread IN (o.thread, '*') AND r.read_position >= o.position)"
        " THEN 1 ELSE 0 END"
        " FROM own_counts o JOIN events e ON e.position = o.position"
        " JOIN memberships m ON m.room_id = o.room_id AND m.user_id = o.user_id AND m.membership = 'join'"
        " WHERE o.user_id = ? AND o.position < ? ORDER BY o.position DESC LIMIT ?",
        user,
        before,
        limit,
    )
    return [Mention(Event(*row[:-1]), bool(row[-1])) for row in found]


_COLUMNS = ", ".join(f"e.{name}" for name in COLUMNS.split(", "))

# A member has read a room up to the latest of: joining it, their unthreaded mark (u), their mark in the thread (r).
_LATEST = (
    "CASE WHEN COALESCE(u.read_position, 0) >= m.since_position"
    " AND COALESCE(u.read_position, 0) >= COALESCE(r.read_position, 0) THEN u.read_position"
    " WHEN COALESCE(r.read_position, 0) >= m.since_position THEN r.read_position ELSE m.since_position END"
)
_MARKS = (
    " LEFT JOIN read_marks u ON u.user_id = m.user_id AND u.room_id = m.room_id AND u.thread = '*'"
    " LEFT JOIN read_marks r ON r.user_id = m.user_id AND r.room_id = m.room_id"
)
_OWN = (
    " COALESCE((SELECT CAST(SUM(o.notify) AS BIGINT) FROM own_counts o WHERE o.user_id = s.user_id"
    " AND o.room_id = s.room_id AND o.thread = s.thread AND o.position > s.base), 0),"
    " COALESCE((SELECT CAST(SUM(o.highlight) AS BIGINT) FROM own_counts o WHERE o.user_id = s.user_id"
    " AND o.room_id = s.room_id AND o.thread = s.thread AND o.position > s.base), 0)"
)

_ROOM_COUNTS = (
    "SELECT s.room_id, s.class, s.base,"
    " COALESCE(newest.main_notify, 0) - COALESCE(seen.main_notify, 0),"
    f" COALESCE(newest.main_highlight, 0) - COALESCE(seen.main_highlight, 0),{_OWN}"
    f" FROM (SELECT m.user_id, m.room_id, '' AS thread, m.class, {_LATEST} AS base FROM memberships m"
    f"{_MARKS} AND r.thread = ''"
    " WHERE m.membership = 'join' AND m.user_id = ? AND m.room_id IN (??)) s"
    " LEFT JOIN events newest ON newest.position ="
    " (SELECT MAX(e.position) FROM events e WHERE e.room_id = s.room_id)"
    " LEFT JOIN events seen ON seen.position ="
    " (SELECT MAX(e.position) FROM events e WHERE e.room_id = s.room_id AND e.position <= s.base)"
)

_THREAD_COUNTS = (
    "SELECT s.room_id, s.thread, s.base, s.notify_total - COALESCE(seen.notify_total, 0),"
    f" s.highlight_total - COALESCE(seen.highlight_total, 0),{_OWN}"
    " FROM (SELECT m.user_id, m.room_id, t.thread, t.notify_total, t.highlight_total,"
    f" {_LATEST} AS base FROM memberships m JOIN threads t ON t.room_id = m.room_id AND t.position > m.since_position"
    f"{_MARKS} AND r.thread = t.thread"
    " WHERE t.position > COALESCE(u.read_position, 0) AND t.position > COALESCE(r.read_position, 0)"
    " AND m.membership = 'join' AND m.user_id = ? AND m.room_id IN (??)) s"
    " LEFT JOIN thread_events seen ON seen.room_id = s.room_id AND seen.thread = s.thread AND seen.position ="
    " (SELECT MAX(e.position) FROM thread_events e WHERE e.room_id = s.room_id AND e.thread = s.thread"
    " AND e.position <= s.base)"
)
