"""What is told of rooms to those outside, read for many rooms at once."""

from collections.abc import Collection, Iterable

from veche.domain.events import Content
from veche.domain.ids import RoomId
from veche.storage.rooms.state import content_in
from veche.storage.rows import Rows, all_in

Frame = tuple[str, int]
"""A room's version, and how many people are joined to it."""
_FRAMES = (
    "SELECT r.room_id, r.version, (SELECT COUNT(*) FROM memberships m WHERE m.room_id = r.room_id"
    " AND m.membership = 'join') FROM rooms r"
)


def published(rows: Rows) -> dict[RoomId, Frame]:
    """Return the frames of the rooms that the directory lists."""
    return {room: (version, joined) for room, version, joined in rows.all(f"{_FRAMES} WHERE r.is_public = 1")}


def frames(rows: Rows, rooms: Iterable[RoomId]) -> dict[RoomId, Frame]:
    """Return the frame of each room that exists."""
    found = all_in(rows, f"{_FRAMES} WHERE r.room_id IN (??)", rooms)
    return {room: (version, joined) for room, version, joined in found}


def faces(rows: Rows, rooms: Iterable[RoomId], kinds: Collection[str]) -> dict[RoomId, dict[str, Content]]:
    """Return the contents of state events of these types with an empty key, by room and type."""
    marks = ",".join("?" * len(kinds))
    sql = (
        "SELECT s.room_id, s.type, e.json FROM current_state s JOIN events e ON e.position = s.position"
        f" WHERE s.state_key = '' AND s.type IN ({marks}) AND s.room_id IN (??)"
    )
    found: dict[RoomId, dict[str, Content]] = {}
    for room, kind, text in all_in(rows, sql, rooms, *kinds):
        found.setdefault(room, {})[kind] = content_in(text)
    return found


def children(rows: Rows, spaces: Iterable[RoomId]) -> list[tuple[RoomId, bytes]]:
    """Return (space, event) of all m.space.child events in the present state of these rooms."""
    return all_in(
        rows,
        "SELECT s.room_id, e.json FROM current_state s JOIN events e ON e.position = s.position"
        " WHERE s.type = 'm.space.child' AND s.room_id IN (??)",
        spaces,
    )
