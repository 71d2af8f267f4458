"""Directory: aliases, and the rooms and people that a search finds: their rows."""

from collections.abc import Iterable

from veche.base import json
from veche.domain.events import Content
from veche.domain.ids import Alias, RoomId, UserId
from veche.storage.rows import Rows, all_in
from veche.storage.writer import Transaction


def room_of(rows: Rows, alias: Alias) -> RoomId | None:
    """Return the room that an alias leads to."""
    row = rows.one("SELECT room_id FROM aliases WHERE alias = ?", alias)
    return row[0] if row else None


def room_named(rows: Rows, name: str) -> RoomId | None:
    """Return the room that an alias leads to, or that bears this id; None where there is none."""
    if "\x00" in name:
        return None
    if name.startswith("#"):
        return room_of(rows, Alias(name))
    row = rows.one("SELECT room_id FROM rooms WHERE room_id = ?", name)
    return row[0] if row else None


def creator_of(rows: Rows, alias: Alias) -> UserId | None:
    """Return who made an alias."""
    row = rows.one("SELECT creator FROM aliases WHERE alias = ?", alias)
    return row[0] if row else None


def aliases_of(rows: Rows, room: RoomId) -> list[Alias]:
    """Return all aliases of a room."""
    return [row[0] for row in rows.all("SELECT alias FROM aliases WHERE room_id = ? ORDER BY alias", room)]


def add_alias(tx: Transaction, alias: Alias, room: RoomId, creator: UserId) -> bool:
    """Make an alias lead to a room; say False where it is taken."""
    row = tx.one(
        "INSERT INTO aliases (alias, room_id, creator) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING alias",
        alias,
        room,
        creator,
    )
    return row is not None


def delete_alias(tx: Transaction, alias: Alias) -> None:
    """Delete an alias."""
    tx.run("DELETE FROM aliases WHERE alias = ?", alias)


def default_room(rows: Rows, alias: Alias) -> RoomId | None:
    """Return the room that everybody joins under the name of an alias, wherever the alias itself leads now."""
    row = rows.one("SELECT room_id FROM default_rooms WHERE alias = ?", alias)
    return row[0] if row else None


def set_default_room(tx: Transaction, alias: Alias, room: RoomId) -> None:
    """Let everybody join a room from now on under the name of an alias."""
    tx.run(
        "INSERT INTO default_rooms (alias, room_id) VALUES (?, ?)"
        " ON CONFLICT (alias) DO UPDATE SET room_id = excluded.room_id",
        alias,
        room,
    )


def public_rooms(rows: Rows) -> list[tuple[RoomId, int]]:
    """Return (room, joined members) of the rooms that the directory lists, the largest first."""
    return rows.all(
        "SELECT r.room_id, (SELECT COUNT(*) FROM memberships m WHERE m.room_id = r.room_id AND m.membership = 'join')"
        " AS joined FROM rooms r WHERE r.is_public = 1 ORDER BY joined DESC, r.room_id"
    )


def openness(rows: Rows) -> list[tuple[RoomId, str, Content]]:
    """Return (room, type, content) of all rooms' present join rules and history visibilities."""
    found = rows.all(
        "SELECT r.room_id, e.type, e.json FROM rooms r JOIN current_state s ON s.room_id = r.room_id"
        " AND s.type IN ('m.room.join_rules', 'm.room.history_visibility') AND s.state_key = ''"
        " JOIN events e ON e.position = s.position"
    )
    return [(room, kind, json.decode(text)["content"]) for room, kind, text in found]


def joined_to_any(rows: Rows, rooms: Iterable[RoomId]) -> set[UserId]:
    """Return all who are joined to one of these rooms."""
    found = all_in(rows, "SELECT user_id FROM memberships WHERE membership = 'join' AND room_id IN (??)", rooms)
    return {row[0] for row in found}
