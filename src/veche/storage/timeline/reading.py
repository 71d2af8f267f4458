"""Reading the log: events by id, by position, by page, by time. Who may see them is not known here."""

from typing import Any

from veche.domain.ids import EventId, Position, RoomId
from veche.domain.timeline import Event
from veche.storage.rows import Rows, all_in

COLUMNS = (
    "position, event_id, room_id, type, state_key, sender, ts, json, thread, device_id, txn_id, replaces, redaction"
)


def find(rows: Rows, room: RoomId, event: EventId) -> Event | None:
    """Return one event of a room."""
    row = rows.one(f"SELECT {COLUMNS} FROM events WHERE event_id = ? AND room_id = ?", event, room)
    return _event(row) if row else None


def find_all(rows: Rows, events: list[EventId]) -> dict[EventId, Event]:
    """Return several events by id, of any room."""
    found = all_in(rows, f"SELECT {COLUMNS} FROM events WHERE event_id IN (??)", events)
    return {row[1]: _event(row) for row in found}


def at_positions(rows: Rows, positions: list[Position]) -> list[Event]:
    """Return the events at these positions, in the order of the log."""
    found = all_in(rows, f"SELECT {COLUMNS} FROM events WHERE position IN (??)", positions)
    return sorted((_event(row) for row in found), key=lambda event: event.position)


def page(rows: Rows, room: RoomId, after: Position, until: Position, limit: int, *, newest_first: bool) -> list[Event]:
    """Return at most ``limit`` events of (after, until], from the end that ``newest_first`` names."""
    found = rows.all(
        f"SELECT {COLUMNS} FROM events WHERE room_id = ? AND position > ? AND position <= ?"
        f" ORDER BY position {'DESC' if newest_first else 'ASC'} LIMIT ?",
        room,
        after,
        until,
        limit,
    )
    return [_event(row) for row in found]


def newest_before(rows: Rows, room: RoomId, position: Position) -> Event | None:
    """Return the newest event of a room that is not later than ``position``."""
    events = page(rows, room, Position(0), position, 1, newest_first=True)
    return events[0] if events else None


def around_time(rows: Rows, room: RoomId, ts: int, *, forwards: bool, after: Position, until: Position) -> Event | None:
    """Return the event nearest to ``ts`` (milliseconds) in one direction, within (after, until]."""
    comparison, order = (">=", "ASC") if forwards else ("<=", "DESC")
    row = rows.one(
        f"SELECT {COLUMNS} FROM events WHERE room_id = ? AND ts {comparison} ? AND position > ? AND position <= ?"
        f" ORDER BY ts {order}, position {order} LIMIT 1",
        room,
        ts,
        after,
        until,
    )
    return _event(row) if row else None


def _event(row: tuple[Any, ...]) -> Event:
    return Event(*row)
