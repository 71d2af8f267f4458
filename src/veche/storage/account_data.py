"""Account data of people, global (room '') and by room, and the filters they stored: their rows."""

from collections.abc import Iterable
from typing import Any

from veche.base import json
from veche.domain.ids import Position, RoomId, UserId
from veche.storage.rows import Rows, all_in
from veche.storage.writer import Transaction

GLOBAL = RoomId("")
IGNORED_USERS = "m.ignored_user_list"
INVITE_PERMISSION = "m.invite_permission_config"


def find_json(rows: Rows, user: UserId, room: RoomId | str, kind: str) -> bytes | None:
    """Return the content of one piece of account data as it was stored."""
    row = rows.one("SELECT content FROM account_data WHERE user_id = ? AND room_id = ? AND type = ?", user, room, kind)
    return row[0] if row else None


def find(rows: Rows, user: UserId, room: RoomId | str, kind: str) -> dict[str, Any] | None:
    """Return the decoded content of one piece of account data."""
    content = find_json(rows, user, room, kind)
    return None if content is None else json.decode(content)


def put(tx: Transaction, user: UserId, room: RoomId, kind: str, content: bytes, position: Position) -> None:
    """Store a piece of account data in the place of the earlier one."""
    tx.run(
        "INSERT INTO account_data (user_id, room_id, type, content, position) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (user_id, room_id, type) DO UPDATE SET content = excluded.content, position = excluded.position",
        user,
        room,
        kind,
        content,
        position,
    )


def of_user(rows: Rows, user: UserId, since: Position) -> list[tuple[str, bytes]]:
    """Return (type, content) of the global account data stored after ``since``, by type."""
    return rows.all(
        "SELECT type, content FROM account_data WHERE user_id = ? AND room_id = '' AND position > ? ORDER BY type",
        user,
        since,
    )


def of_rooms(rows: Rows, user: UserId, rooms: Iterable[RoomId], since: Position) -> list[tuple[RoomId, str, bytes]]:
    """Return (room, type, content) of the account data of these rooms stored after ``since``."""
    return all_in(
        rows,
        "SELECT room_id, type, content FROM account_data WHERE user_id = ? AND position > ? AND room_id IN (??)",
        rooms,
        user,
        since,
    )


def rooms_with_news(rows: Rows, user: UserId, since: Position) -> set[RoomId]:
    """Return the rooms whose account data was stored after ``since``."""
    found = rows.all(
        "SELECT DISTINCT room_id FROM account_data WHERE user_id = ? AND position > ? AND room_id <> ''", user, since
    )
    return {row[0] for row in found}


def ignored_by(rows: Rows, user: UserId) -> frozenset[UserId]:
    """Return whom a person ignores (section Ignoring users); nobody is deaf to themselves, whatever their list says."""
    content = find(rows, user, GLOBAL, IGNORED_USERS) or {}
    ignored = content.get("ignored_users")
    return frozenset(UserId(name) for name in ignored if name != user) if isinstance(ignored, dict) else frozenset()


def blocks_invitations(rows: Rows, user: UserId) -> bool:
    """Say whether a person wants no invitations at all (section Invite permission)."""
    content = find(rows, user, GLOBAL, INVITE_PERMISSION) or {}
    return content.get("default_action") == "block"


def changed_whom_they_hear(rows: Rows, user: UserId, since: Position) -> bool:
    """Say whether a person has changed after ``since`` whom they ignore, or whether they can be invited."""
    row = rows.one(
        "SELECT 1 FROM account_data WHERE user_id = ? AND room_id = '' AND type IN (?, ?) AND position > ? LIMIT 1",
        user,
        IGNORED_USERS,
        INVITE_PERMISSION,
        since,
    )
    return row is not None


def add_filter(tx: Transaction, user: UserId, filter_id: str, filter_json: bytes) -> None:
    """Store a filter; one that is there already stays as it is."""
    tx.run(
        "INSERT INTO filters (user_id, filter_id, json) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        user,
        filter_id,
        filter_json,
    )


def find_filter(rows: Rows, user: UserId, filter_id: str) -> bytes | None:
    """Return a stored filter as JSON."""
    row = rows.one("SELECT json FROM filters WHERE user_id = ? AND filter_id = ?", user, filter_id)
    return row[0] if row else None
