"""Upgrading a room: replacements that were begun, and what of the old room is not in the new one yet."""

from veche.domain.ids import Position, RoomId, UserId
from veche.storage.rows import Rows


def rooms_without_join_rules(rows: Rows, creator: UserId, version: str) -> list[RoomId]:
    """Return the rooms of somebody that were never given join rules, as only unfinished replacements are."""
    found = rows.all(
        "SELECT r.room_id FROM rooms r WHERE r.creator = ? AND r.version = ? AND NOT EXISTS (SELECT 1 FROM"
        " current_state s WHERE s.room_id = r.room_id AND s.type = 'm.room.join_rules' AND s.state_key = '')"
        " ORDER BY r.created_ts, r.room_id",
        creator,
        version,
    )
    return [row[0] for row in found]


def bans_missing(rows: Rows, old: RoomId, new: RoomId, limit: int) -> list[Position]:
    """Return where bans of the old room stand in the log that the new one lacks."""
    found = rows.all(
        "SELECT o.position FROM memberships o WHERE o.room_id = ? AND o.membership = 'ban' AND NOT EXISTS (SELECT 1"
        " FROM memberships n WHERE n.room_id = ? AND n.user_id = o.user_id AND n.membership = 'ban')"
        " ORDER BY o.user_id LIMIT ?",
        old,
        new,
        limit,
    )
    return [row[0] for row in found]


def state_missing(rows: Rows, old: RoomId, new: RoomId, kind: str, limit: int) -> list[Position]:
    """Return where the old room's state of one type stands in the log, as far as the new one lacks it."""
    found = rows.all(
        "SELECT o.position FROM current_state o WHERE o.room_id = ? AND o.type = ? AND NOT EXISTS (SELECT 1"
        " FROM current_state n WHERE n.room_id = ? AND n.type = o.type AND n.state_key = o.state_key)"
        " ORDER BY o.state_key LIMIT ?",
        old,
        kind,
        new,
        limit,
    )
    return [row[0] for row in found]


def newest_position(rows: Rows, room: RoomId) -> Position | None:
    """Return where the newest event of a room stands in the log."""
    row = rows.one("SELECT MAX(position) FROM events WHERE room_id = ?", room)
    return row[0] if row else None
