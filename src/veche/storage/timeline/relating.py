"""Relations: which events point at which."""

import msgspec

from veche.domain.ids import EventId, Position, UserId
from veche.domain.timeline import Event, Relation
from veche.storage.rows import Rows, all_in
from veche.storage.timeline.reading import at_positions


class RelatedEvent(msgspec.Struct, frozen=True):
    """An event that points at ``parent`` by a relation of ``kind``."""

    parent: EventId
    kind: str
    position: Position
    event_id: EventId
    type: str
    sender: UserId


_START = Position(0)
_COLUMNS = "parent_id, kind, position, event_id, type, sender"
_CHILD = ", ".join(f"r.{name}" for name in _COLUMNS.split(", "))
_LEVELS = (
    f"SELECT {_CHILD} FROM relations r WHERE r.parent_id = ?",
    f"SELECT {_CHILD} FROM relations a JOIN relations r ON r.parent_id = a.event_id WHERE a.parent_id = ?",
    (
        f"SELECT {_CHILD} FROM relations a JOIN relations b ON b.parent_id = a.event_id JOIN relations r"
        " ON r.parent_id = b.event_id WHERE a.parent_id = ?"
    ),
)
"""What points at an event over one, two and three relations."""
# Asked of one event after the other, so that an index answers with its last row, however many edits there are.
_NEWEST_EDIT = (
    "SELECT MAX(position) FROM relations r WHERE r.parent_id = e.event_id AND r.kind = 'm.replace' AND r.position <= ?"
)


def children(
    rows: Rows, parents: list[EventId], kinds: tuple[str, ...], until: Position, after: Position = _START
) -> list[RelatedEvent]:
    """Return what in (after, until] points at any of ``parents`` by one of ``kinds``, oldest first."""
    marks = ",".join("?" * len(kinds))
    found = all_in(
        rows,
        f"SELECT {_COLUMNS} FROM relations WHERE kind IN ({marks}) AND position > ? AND position <= ?"
        " AND parent_id IN (??)",
        parents,
        *kinds,
        after,
        until,
    )
    return sorted((RelatedEvent(*row) for row in found), key=lambda child: child.position)


def newest_edits(rows: Rows, events: list[EventId], until: Position) -> dict[EventId, Position]:
    """Return where the newest edit of each of ``events`` stands that has one, not later than ``until``."""
    found = all_in(rows, f"SELECT e.event_id, ({_NEWEST_EDIT}) FROM events e WHERE e.event_id IN (??)", events, until)
    return {event: position for event, position in found if position is not None}


def as_edited(rows: Rows, events: list[Event], until: Position) -> list[tuple[Event, Event | None]]:
    """Return ``events``, each with its newest edit, not later than ``until``, or None."""
    newest = newest_edits(rows, [event.event_id for event in events], until)
    edits = {edit.position: edit for edit in at_positions(rows, sorted(newest.values()))}
    return [(event, edits.get(newest.get(event.event_id, _START))) for event in events]


def children_of_any_kind(rows: Rows, parents: list[EventId], until: Position) -> list[RelatedEvent]:
    """Return everything that points at any of ``parents``, oldest first, not later than ``until``."""
    found = all_in(rows, f"SELECT {_COLUMNS} FROM relations WHERE position <= ? AND parent_id IN (??)", parents, until)
    return sorted((RelatedEvent(*row) for row in found), key=lambda child: child.position)


def descendants(
    rows: Rows,
    parent: EventId,
    depth: int,
    kind: str | None,
    type: str | None,
    after: Position,
    until: Position,
    limit: int,
    *,
    newest_first: bool,
) -> list[RelatedEvent]:
    """Return at most ``limit`` events of (after, until] that point at ``parent`` over 1 to ``depth`` (3) relations.

    They begin at the end that ``newest_first`` names. ``kind`` and ``type`` say which are wanted, not by which they
    are reached.
    """
    wanted = [("kind", kind), ("type", type)]
    conditions = "".join(f" AND {name} = ?" for name, value in wanted if value is not None)
    found = rows.all(
        f"SELECT {_COLUMNS} FROM ({' UNION ALL '.join(_LEVELS[:depth])}) d WHERE position > ? AND position <= ?"
        f"{conditions} ORDER BY position {'DESC' if newest_first else 'ASC'} LIMIT ?",
        *(parent for _ in range(depth)),
        after,
        until,
        *(value for _, value in wanted if value is not None),
        limit,
    )
    return [RelatedEvent(*row) for row in found]


def is_annotated(rows: Rows, relation: Relation, sender: UserId, kind: str) -> bool:
    """Say whether ``sender`` has given this annotation, by an event of this type, before."""
    row = rows.one(
        "SELECT 1 FROM relations WHERE parent_id = ? AND kind = ? AND sender = ? AND type = ? AND relation_key = ?"
        " LIMIT 1",
        relation.parent,
        relation.kind,
        sender,
        kind,
        relation.key,
    )
    return row is not None
