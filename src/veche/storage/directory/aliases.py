"""The rows of aliases, and of the rooms that everybody joins under one."""

from veche.domain.ids import Alias, RoomId, UserId
from veche.storage.rows import Rows
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


def move_aliases(tx: Transaction, old: RoomId, new: RoomId) -> None:
    """Let everything that leads to one room lead to another: aliases, and the rooms that everybody joins."""
    for table in ("aliases", "default_rooms"):
        tx.run(f"UPDATE {table} SET room_id = ? WHERE room_id = ?", new, old)


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
