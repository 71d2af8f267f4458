"""How far each consumer of the log has come, and the log as such a consumer reads it again."""

from veche.domain.facts import Entry, Fact, ReplayedKind
from veche.domain.ids import Position
from veche.storage import timeline
from veche.storage.rows import Rows
from veche.storage.writer import Transaction


def cursor_of(rows: Rows, worker: str) -> Position | None:
    """Return the position up to which ``worker`` has done its work; None where it never began."""
    row = rows.one("SELECT position FROM worker_cursors WHERE worker = ?", worker)
    return Position(row[0]) if row else None


def put_cursor(tx: Transaction, worker: str, position: Position) -> None:
    """Note how far ``worker`` has come."""
    tx.run(
        "INSERT INTO worker_cursors (worker, position) VALUES (?, ?)"
        " ON CONFLICT (worker) DO UPDATE SET position = excluded.position",
        worker,
        position,
    )


def entries_after(rows: Rows, after: Position, wants: frozenset[ReplayedKind], most: int) -> list[Entry]:
    """Return the first facts of these kinds after a position, in order, at most so many; of a read mark the newest."""
    found: list[Entry] = []
    if "event" in wants:
        events = timeline.after(rows, after, most)
        found += [Entry(event.position, Fact("event", room=event.room_id, body=event)) for event in events]
    if "read_mark" in wants:
        marks = rows.all(
            "SELECT position, user_id, room_id FROM read_marks WHERE position > ? ORDER BY position LIMIT ?",
            after,
            most,
        )
        found += [Entry(Position(at), Fact("read_mark", room=room, user=user)) for at, user, room in marks]
    return sorted(found, key=_position)[:most]


def _position(entry: Entry) -> Position:
    return entry.position
