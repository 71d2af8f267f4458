"""Reading the log: events by id, by position, by page, by time. Who may see them is not known here."""

from typing import Any

from veche.domain.ids import EventId, Position, RoomId
from veche.domain.timeline import Event
from veche.storage.rows import Rows, all_in

COLUMNS = (
    "position, event_id, room_id, type, state_key, sender, ts, json, thread, device_id, txn_id, replaces, redaction"
)
COLUMNS_OF_E = ", ".join(f"e.{name}" for name in COLUMNS.split(", "))
"""The same where the events are ``e`` in a join."""


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


def after(rows: Rows, position: Position, limit: int) -> list[Event]:
    """Return the first events after ``position``, of all rooms."""
    found = rows.all(f"SELECT {COLUMNS} FROM events WHERE position > ? ORDER BY position LIMIT ?", position, limit)
    return [_event(row) for row in found]


def around_time(rows: Rows, room: RoomId, ts: int, *, forwards: bool, after: Position, until: Position) -> Event | None:
    """Return the event nearest to ``ts`` (milliseconds) in one direction, within (after, until].

    Found by halving, not by an index that every message would pay for: events stand in the order of the server's
    clock, except where that clock was set back.
    """
    if forwards:
        return _first_since(rows, room, ts, after, until)
    later = _first_since(rows, room, ts + 1, after, until)
    return _newest(rows, room, after, until if later is None else Position(later.position - 1))


def _first_since(rows: Rows, room: RoomId, ts: int, after: Position, until: Position) -> Event | None:
    """Return the first event of (after, until] that is not earlier than ``ts``."""
    found: Event | None = None
    while after < until:
        middle = Position((after + until + 1) // 2)
        newest = _newest(rows, room, after, middle)
        if newest is None or newest.ts < ts:
            after = middle
        else:
            found, until = newest, Position(newest.position - 1)
    return found


def _newest(rows: Rows, room: RoomId, after: Position, until: Position) -> Event | None:
    events = page(rows, room, after, until, 1, newest_first=True)
    return events[0] if events else None


def _event(row: tuple[Any, ...]) -> Event:
    return Event(*row)
