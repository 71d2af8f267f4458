"""Receipts and read marks: their rows. Who may set them, and what they leave unread, is not known here."""

from collections.abc import Iterable

from veche.domain.ids import Position, RoomId, UserId
from veche.domain.receipts import UNTHREADED, Receipt
from veche.storage.rows import Rows, all_in
from veche.storage.writer import Transaction


def reached(rows: Rows, room: RoomId, user: UserId, kind: str, thread: str) -> Position:
    """Return the position of the event that a person's receipt stands at; 0 where there is none."""
    row = rows.one(
        "SELECT event_position FROM receipts WHERE room_id = ? AND user_id = ? AND kind = ? AND thread = ?",
        room,
        user,
        kind,
        thread,
    )
    return Position(row[0] if row else 0)


def put(tx: Transaction, receipt: Receipt, position: Position) -> None:
    """Put a receipt in the place of the earlier one of its person, kind and thread."""
    tx.run(
        "INSERT INTO receipts (room_id, user_id, kind, thread, event_id, event_position, ts, position)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (room_id, user_id, kind, thread) DO UPDATE SET"
        " event_id = excluded.event_id, event_position = excluded.event_position, ts = excluded.ts,"
        " position = excluded.position",
        receipt.room_id,
        receipt.user_id,
        receipt.kind,
        receipt.thread,
        receipt.event_id,
        receipt.event_position,
        receipt.ts,
        position,
    )


def visible_in(rows: Rows, rooms: Iterable[RoomId], user: UserId, since: Position) -> list[Receipt]:
    """Return the receipts in these rooms that are newer than ``since`` and not other people's private ones."""
    found = all_in(
        rows,
        "SELECT room_id, user_id, kind, thread, event_id, event_position, ts FROM receipts"
        " WHERE position > ? AND (kind <> 'm.read.private' OR user_id = ?) AND room_id IN (??) ORDER BY position",
        rooms,
        since,
        user,
    )
    return [Receipt(*row) for row in found]


def rooms_with_news(rows: Rows, user: UserId, since: Position) -> set[RoomId]:
    """Return the rooms ``user`` is joined to that have visible receipts newer than ``since``."""
    found = rows.all(
        "SELECT m.room_id FROM memberships m WHERE m.user_id = ? AND m.membership = 'join' AND EXISTS"
        " (SELECT 1 FROM receipts r WHERE r.room_id = m.room_id AND r.position > ?"
        " AND (r.kind <> 'm.read.private' OR r.user_id = m.user_id))",
        user,
        since,
    )
    return {row[0] for row in found}


def advance_mark(
    tx: Transaction, user: UserId, room: RoomId, thread: str, read_position: Position, position: Position
) -> bool:
    """Move a person's read mark in a thread (MAIN, a root's id, or UNTHREADED) forwards; say whether it moved.

    ``position`` is that of the receipt or message that moves it.
    """
    row = tx.one(
        "INSERT INTO read_marks (user_id, room_id, thread, read_position, position) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (user_id, room_id, thread) DO UPDATE SET read_position = excluded.read_position,"
        " position = excluded.position WHERE read_marks.read_position < excluded.read_position RETURNING 1",
        user,
        room,
        thread,
        read_position,
        position,
    )
    return row is not None


def touch_mark(tx: Transaction, user: UserId, room: RoomId, position: Position) -> None:
    """Note that a person's unread counts in a room are others from ``position`` on, although they read nothing."""
    tx.run(
        "INSERT INTO read_marks (user_id, room_id, thread, read_position, position) VALUES (?, ?, ?, 0, ?)"
        " ON CONFLICT (user_id, room_id, thread) DO UPDATE SET position = excluded.position",
        user,
        room,
        UNTHREADED,
        position,
    )


def rooms_with_new_marks(rows: Rows, user: UserId, since: Position) -> set[RoomId]:
    """Return the rooms where a person's read marks changed after ``since``."""
    found = rows.all("SELECT room_id FROM read_marks WHERE user_id = ? AND position > ?", user, since)
    return {row[0] for row in found}


def marks_in(rows: Rows, user: UserId, rooms: Iterable[RoomId]) -> dict[tuple[RoomId, str], Position]:
    """Return a person's read marks in these rooms, by room and thread."""
    found = all_in(
        rows,
        "SELECT room_id, thread, read_position FROM read_marks WHERE user_id = ? AND room_id IN (??)",
        rooms,
        user,
    )
    return {(room, thread): position for room, thread, position in found}
