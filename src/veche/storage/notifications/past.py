"""How a room was when an event was sent, as far as push rules ask: who came and went since."""

from veche.base import json
from veche.domain.ids import Position, RoomId
from veche.storage.rows import Rows


def moves(rows: Rows, room: RoomId, after: Position, until: Position) -> list[tuple[Position, int]]:
    """Return (position, 1 or -1) for everybody who joined a room, or ceased to be joined, in (after, until]."""
    found = rows.all(
        "SELECT s.position, e.json, (SELECT b.json FROM events b WHERE b.position ="
        " (SELECT MAX(h.position) FROM state_history h WHERE h.room_id = s.room_id AND h.type = s.type"
        " AND h.state_key = s.state_key AND h.position < s.position))"
        " FROM state_history s JOIN events e ON e.position = s.position"
        " WHERE s.room_id = ? AND s.position > ? AND s.position <= ? AND s.type = 'm.room.member' ORDER BY s.position",
        room,
        after,
        until,
    )
    changes = [(position, _is_joined(now) - _is_joined(before)) for position, now, before in found]
    return [change for change in changes if change[1]]


def _is_joined(text: bytes | None) -> int:
    return int(text is not None and json.decode(text)["content"].get("membership") == "join")
