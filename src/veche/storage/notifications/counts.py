"""What is unread: running totals of rooms and threads behind a member's read marks, and the rows of their own.

Everything is read for many rooms at once. What a class makes of the figures is decided in the domain.
"""

from collections.abc import Iterable

import msgspec

from veche.domain.ids import EventId, Position, RoomId, UserId
from veche.domain.notifications import MemberClass, Totals
from veche.domain.timeline import MAIN, Event
from veche.storage.rows import Rows, all_in
from veche.storage.timeline.reading import COLUMNS, COLUMNS_OF_E
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
            f"SELECT {COLUMNS_OF_E} FROM thread_events t JOIN events e ON e.position = t.position"
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


def uncount(tx: Transaction, event: Event) -> None:
    """Take an event that was redacted out of its timeline's counts, for all who have not read that far.

    The running totals behind it stay as they are; what it had added is subtracted where they are read.
    """
    if event.thread == MAIN:
        row = tx.one(
            "SELECT e.main_notify - COALESCE(b.main_notify, 0), e.main_highlight - COALESCE(b.main_highlight, 0)"
            " FROM events e LEFT JOIN events b ON b.position ="
            " (SELECT MAX(p.position) FROM events p WHERE p.room_id = e.room_id AND p.position < e.position)"
            " WHERE e.position = ?",
            event.position,
        )
    else:
        row = tx.one(
            "SELECT e.notify_total - COALESCE(b.notify_total, 0), e.highlight_total - COALESCE(b.highlight_total, 0)"
            " FROM thread_events e LEFT JOIN thread_events b ON b.room_id = e.room_id AND b.thread = e.thread"
            " AND b.position = (SELECT MAX(p.position) FROM thread_events p WHERE p.room_id = e.room_id"
            " AND p.thread = e.thread AND p.position < e.position)"
            " WHERE e.room_id = ? AND e.thread = ? AND e.position = ?",
            event.room_id,
            event.thread,
            event.position,
        )
    if row is not None and any(row):
        tx.run(
            "INSERT INTO redacted_counts (room_id, thread, position, notify, highlight) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            event.room_id,
            event.thread,
            event.position,
            *row,
        )


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

_REDACTED = (
    " - COALESCE((SELECT CAST(SUM(x.{name}) AS BIGINT) FROM redacted_counts x WHERE x.room_id = s.room_id"
    " AND x.thread = s.thread AND x.position > s.base), 0)"
)
_NOTIFY, _HIGHLIGHT = (_REDACTED.replace("{name}", name) for name in ("notify", "highlight"))

_ROOM_COUNTS = (
    "SELECT s.room_id, s.class, s.base,"
    f" COALESCE(newest.main_notify, 0) - COALESCE(seen.main_notify, 0){_NOTIFY},"
    f" COALESCE(newest.main_highlight, 0) - COALESCE(seen.main_highlight, 0){_HIGHLIGHT},{_OWN}"
    f" FROM (SELECT m.user_id, m.room_id, '' AS thread, m.class, {_LATEST} AS base FROM memberships m"
    f"{_MARKS} AND r.thread = ''"
    " WHERE m.membership = 'join' AND m.user_id = ? AND m.room_id IN (??)) s"
    " LEFT JOIN events newest ON newest.position ="
    " (SELECT MAX(e.position) FROM events e WHERE e.room_id = s.room_id)"
    " LEFT JOIN events seen ON seen.position ="
    " (SELECT MAX(e.position) FROM events e WHERE e.room_id = s.room_id AND e.position <= s.base)"
)

_THREAD_COUNTS = (
    f"SELECT s.room_id, s.thread, s.base, s.notify_total - COALESCE(seen.notify_total, 0){_NOTIFY},"
    f" s.highlight_total - COALESCE(seen.highlight_total, 0){_HIGHLIGHT},{_OWN}"
    " FROM (SELECT m.user_id, m.room_id, t.thread, t.notify_total, t.highlight_total,"
    f" {_LATEST} AS base FROM memberships m JOIN threads t ON t.room_id = m.room_id AND t.position > m.since_position"
    f"{_MARKS} AND r.thread = t.thread"
    " WHERE t.position > COALESCE(u.read_position, 0) AND t.position > COALESCE(r.read_position, 0)"
    " AND m.membership = 'join' AND m.user_id = ? AND m.room_id IN (??)) s"
    " LEFT JOIN thread_events seen ON seen.room_id = s.room_id AND seen.thread = s.thread AND seen.position ="
    " (SELECT MAX(e.position) FROM thread_events e WHERE e.room_id = s.room_id AND e.thread = s.thread"
    " AND e.position <= s.base)"
)
