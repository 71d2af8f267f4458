"""Push rules as differences from the default ones, and the class that each member has in a room."""

import msgspec

from veche.base import json
from veche.domain.ids import Position, RoomId, UserId
from veche.domain.notifications import Changes, MemberClass
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

_decoder = msgspec.json.Decoder(Changes)


class ClassIn(msgspec.Struct, frozen=True):
    """How a member's unread counts are kept in a room they are joined to."""

    room_id: RoomId
    kind: MemberClass


def find_changes(rows: Rows, user: UserId) -> tuple[Changes, Position]:
    """Return how a person's rules differ from the default ones, and since when (0 where they never did)."""
    row = rows.one("SELECT changes, position FROM push_rules WHERE user_id = ?", user)
    return (_decoder.decode(row[0]), Position(row[1])) if row else (Changes(), Position(0))


def put_changes(tx: Transaction, user: UserId, changes: Changes, position: Position) -> None:
    """Store how a person's rules differ from the default ones."""
    tx.run(
        "INSERT INTO push_rules (user_id, changes, position) VALUES (?, ?, ?)"
        " ON CONFLICT (user_id) DO UPDATE SET changes = excluded.changes, position = excluded.position",
        user,
        json.encode(changes),
        position,
    )


def classes_of(rows: Rows, user: UserId, after: RoomId, limit: int) -> list[ClassIn]:
    """Return the classes of a person in at most ``limit`` joined rooms whose ids sort behind ``after``."""
    found = rows.all(
        "SELECT room_id, class FROM memberships WHERE user_id = ? AND membership = 'join' AND room_id > ?"
        " ORDER BY room_id LIMIT ?",
        user,
        after,
        limit,
    )
    return [ClassIn(*row) for row in found]


def set_class(tx: Transaction, user: UserId, room: RoomId, kind: MemberClass) -> None:
    """Keep a member's counts in a room in another way from now on."""
    tx.run("UPDATE memberships SET class = ? WHERE room_id = ? AND user_id = ?", kind, room, user)
