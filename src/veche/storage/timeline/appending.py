"""Appending to the log: the event's row, its running totals, its place in a thread, its relation."""

from veche.domain.facts import Fact
from veche.domain.ids import DeviceId, EventId, Position, RoomId, UserId
from veche.domain.timeline import MAIN, Event, NewEvent, Relation
from veche.storage import rooms
from veche.storage.rows import Rows
from veche.storage.writer import Transaction


def append(
    tx: Transaction, new: NewEvent, *, notify: int, highlight: int, thread: str, relation: Relation | None, path: str
) -> Event | None:
    """Append an event; ``notify`` and ``highlight`` (0 or 1) go into the totals of its timeline.

    ``path`` names the request for its transaction id. Returns None where that transaction was done before.
    """
    draft, room = new.draft, new.room_id
    replaced = _replaced(tx, new) if draft.state_key is not None else None
    position = tx.reserve()
    totals = _count(tx, room, notify, highlight) if thread == MAIN else _count(tx, room, 0, 0)
    added = tx.one(
        "INSERT INTO events (position, event_id, room_id, type, state_key, sender, ts, json, thread, device_id, txn_id,"
        " txn_path, replaces, main_notify, main_highlight) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING RETURNING 1",
        position,
        new.event_id,
        room,
        draft.type,
        draft.state_key,
        new.sender,
        new.ts,
        new.json,
        thread,
        new.device,
        new.txn,
        path,
        replaced,
        *totals,
    )
    if added is None:
        return None
    event = _event(new, position, thread, replaced, notify, highlight)
    if draft.state_key is not None:
        rooms.put_state(tx, room, draft, position)
    if thread != MAIN:
        _count_in_thread(tx, event)
    if relation is not None:
        _relate(tx, event, relation)
    tx.record_at(position, Fact("event", room=room, user=new.sender, body=event))
    return event


def find_transaction(rows: Rows, user: UserId, device: DeviceId, txn: str, path: str) -> EventId | None:
    """Return the event that a transaction id of this device already gave on this path."""
    row = rows.one(
        "SELECT event_id FROM events WHERE device_id = ? AND txn_id = ? AND sender = ? AND txn_path = ?",
        device,
        txn,
        user,
        path,
    )
    return row[0] if row else None


def _count(tx: Transaction, room: RoomId, notify: int, highlight: int) -> tuple[int, int]:
    """Add to the running totals of a room's main timeline and return them."""
    row = tx.one(
        "INSERT INTO room_totals (room_id, notify, highlight) VALUES (?, ?, ?) ON CONFLICT (room_id) DO UPDATE SET"
        " notify = room_totals.notify + excluded.notify, highlight = room_totals.highlight + excluded.highlight"
        " RETURNING notify, highlight",
        room,
        notify,
        highlight,
    )
    assert row is not None
    return row[0], row[1]


def _replaced(tx: Transaction, new: NewEvent) -> EventId | None:
    row = tx.one(
        "SELECT e.event_id FROM current_state s JOIN events e ON e.position = s.position"
        " WHERE s.room_id = ? AND s.type = ? AND s.state_key = ?",
        new.room_id,
        new.draft.type,
        new.draft.state_key,
    )
    return row[0] if row else None


def _event(
    new: NewEvent, position: Position, thread: str, replaced: EventId | None, notify: int, highlight: int
) -> Event:
    return Event(
        position,
        new.event_id,
        new.room_id,
        new.draft.type,
        new.draft.state_key,
        new.sender,
        new.ts,
        new.json,
        thread,
        new.device,
        new.txn,
        replaced,
        None,
        notify,
        highlight,
    )


def _count_in_thread(tx: Transaction, event: Event) -> None:
    row = tx.one(
        "INSERT INTO threads (room_id, thread, position, notify_total, highlight_total) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (room_id, thread) DO UPDATE SET position = excluded.position,"
        " notify_total = threads.notify_total + excluded.notify_total,"
        " highlight_total = threads.highlight_total + excluded.highlight_total"
        " RETURNING notify_total, highlight_total",
        event.room_id,
        event.thread,
        event.position,
        event.notify,
        event.highlight,
    )
    tx.run(
        "INSERT INTO thread_events (room_id, thread, position, notify_total, highlight_total) VALUES (?, ?, ?, ?, ?)",
        event.room_id,
        event.thread,
        event.position,
        *(row or (0, 0)),
    )


def _relate(tx: Transaction, event: Event, relation: Relation) -> None:
    tx.run(
        "INSERT INTO relations (parent_id, kind, position, room_id, event_id, type, sender, relation_key)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        relation.parent,
        relation.kind,
        event.position,
        event.room_id,
        event.event_id,
        event.type,
        event.sender,
        relation.key,
    )
