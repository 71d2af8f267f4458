"""The rows of rooms themselves."""

import msgspec

from veche.domain.ids import RoomId, UserId
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

_ROOM = "room_id, version, creator, created_ts, is_public"


class Room(msgspec.Struct, frozen=True):
    """A room; ``is_public`` says whether the directory lists it."""

    room_id: RoomId
    version: str
    creator: UserId
    created_ts: int
    is_public: bool


def add(tx: Transaction, room: Room) -> None:
    """Add a room's row."""
    tx.run(
        f"INSERT INTO rooms ({_ROOM}) VALUES (?, ?, ?, ?, ?)",
        room.room_id,
        room.version,
        room.creator,
        room.created_ts,
        int(room.is_public),
    )


def find(rows: Rows, room: RoomId) -> Room | None:
    """Return a room's row."""
    row = rows.one(f"SELECT {_ROOM} FROM rooms WHERE room_id = ?", room)
    return Room(row[0], row[1], row[2], row[3], bool(row[4])) if row else None


def publish(tx: Transaction, room: RoomId, *, is_public: bool) -> None:
    """List the room in the directory, or no longer."""
    tx.run("UPDATE rooms SET is_public = ? WHERE room_id = ?", int(is_public), room)
