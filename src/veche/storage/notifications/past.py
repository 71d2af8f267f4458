"""How a room was when an event was sent, as far as push rules ask: who came and went since, when power changed."""

from veche.base import json
from veche.domain.ids import Position, RoomId
from veche.storage.rows import Rows


def changes_of_state(rows: Rows, room: RoomId, kind: str, key: str) -> list[Position]:
    """Return where one piece of a room's state was set, oldest first."""
    found = rows.all(
        "SELECT position FROM state_history WHERE room_id = ? AND type = ? AND state_key = ? ORDER BY position",
        room,
        kind,
        key,
    )
    return [row[0] for row in found]


def moves_since(rows: Rows, room: RoomId, since: Position) -> list[tuple[Position, int]]:
    """Return (position, 1 or -1) for everybody who joined a room, or ceased to be joined, after ``since``."""
    found = rows.all(
        "SELECT s.position, e.json, (SELECT b.json FROM events b WHERE b.position ="
        " (SELECT MAX(h.position) FROM state_history h WHERE h.room_id = s.room_id AND h.type = s.type"
        " AND h.state_key = s.state_key AND h.position < s.position))"
        " FROM state_history s JOIN events e ON e.position = s.position"
        " WHERE s.room_id = ? AND s.position > ? AND s.type = 'm.room.member' ORDER BY s.position",
        room,
        since,
    )
    moves = [(position, _is_joined(after) - _is_joined(before)) for position, after, before in found]
    return [move for move in moves if move[1]]


def _is_joined(text: bytes | None) -> int:
    return int(text is not None and json.decode(text)["content"].get("membership") == "join")
