"""Redacting: the stored bytes are rewritten, and what was derived from them goes with them."""

from veche.domain.ids import EventId, UserId
from veche.domain.timeline import Event, Relation
from veche.storage.writer import Transaction


def redact(tx: Transaction, event: Event, stripped: bytes, redaction: bytes, relation: Relation | None) -> list[UserId]:
    """Replace an event's bytes by ``stripped``, remember the redaction, and undo its relation and own counts.

    Returns the people for whom the event had counted beyond the room's totals.
    """
    tx.run(
        "UPDATE events SET json = ?, redaction = ? WHERE position = ?",
        stripped,
        redaction,
        event.position,
    )
    if relation is not None:
        _unrelate(tx, event.event_id, event, relation)
    counted = tx.all(
        "DELETE FROM own_counts WHERE room_id = ? AND position = ? RETURNING user_id", event.room_id, event.position
    )
    return [row[0] for row in counted]


def _unrelate(tx: Transaction, event_id: EventId, event: Event, relation: Relation) -> None:
    tx.run(
        "DELETE FROM relations WHERE parent_id = ? AND kind = ? AND position = ? AND event_id = ?",
        relation.parent,
        relation.kind,
        event.position,
        event_id,
    )
