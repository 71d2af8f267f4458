"""Who stands how to a room, and who shares one with whom."""

from collections.abc import Collection, Iterable

import msgspec

from veche.domain.ids import Position, RoomId, UserId
from veche.storage.rows import Rows, all_in
from veche.storage.writer import Transaction

_MEMBERSHIP = "room_id, user_id, membership, position, since_position, forgotten, display_name"


class Membership(msgspec.Struct, frozen=True):
    """How a person stands to a room: ``position`` of the newest membership event, ``since`` of the first like it."""

    room_id: RoomId
    user_id: UserId
    membership: str
    position: Position
    since: Position
    is_forgotten: bool
    display_name: str | None


def membership(rows: Rows, room: RoomId, user: UserId) -> Membership | None:
    """Return how one person stands to a room, or None where they never had to do with it."""
    row = rows.one(f"SELECT {_MEMBERSHIP} FROM memberships WHERE room_id = ? AND user_id = ?", room, user)
    return _membership(row) if row else None


def memberships_of(rows: Rows, user: UserId, *kinds: str) -> list[Membership]:
    """Return a person's memberships of the given kinds (all, if none is given)."""
    if not kinds:
        found = rows.all(f"SELECT {_MEMBERSHIP} FROM memberships WHERE user_id = ? ORDER BY room_id", user)
    else:
        found = all_in(
            rows, f"SELECT {_MEMBERSHIP} FROM memberships WHERE user_id = ? AND membership IN (??)", kinds, user
        )
    return [_membership(row) for row in found]


def joined_since(rows: Rows, user: UserId) -> dict[RoomId, Position]:
    """Return the rooms that a person is joined to, each with the position of the joining."""
    return {one.room_id: one.since for one in memberships_of(rows, user, "join")}


def members(rows: Rows, room: RoomId, *kinds: str) -> list[Membership]:
    """Return a room's memberships of the given kinds, in the order of their events."""
    found = all_in(
        rows,
        f"SELECT {_MEMBERSHIP} FROM memberships WHERE room_id = ? AND membership IN (??)",
        kinds or ("join", "invite", "knock", "leave", "ban"),
        room,
    )
    return sorted((_membership(row) for row in found), key=lambda member: member.position)


def count(rows: Rows, room: RoomId, kind: str) -> int:
    """Return how many people have this membership in the room."""
    row = rows.one("SELECT COUNT(*) FROM memberships WHERE room_id = ? AND membership = ?", room, kind)
    return int(row[0]) if row else 0


def first_members(rows: Rows, room: RoomId, kinds: Collection[str], besides: UserId, limit: int) -> list[UserId]:
    """Return the members of some kinds who came first, without ``besides``."""
    marks = ",".join("?" * len(kinds))
    found = rows.all(
        f"SELECT user_id FROM memberships WHERE room_id = ? AND membership IN ({marks}) AND user_id <> ?"
        " ORDER BY position LIMIT ?",
        room,
        *kinds,
        besides,
        limit,
    )
    return [row[0] for row in found]


def face_changed_since(rows: Rows, room: RoomId, since: Position) -> bool:
    """Say whether anybody's membership of a room, its name or its alias was set after ``since``."""
    row = rows.one(
        "SELECT 1 FROM state_history WHERE room_id = ? AND position > ?"
        " AND type IN ('m.room.member', 'm.room.name', 'm.room.canonical_alias') LIMIT 1",
        room,
        since,
    )
    return row is not None


def somebody_moved(rows: Rows, since: Position) -> bool:
    """Say whether anybody's membership of any room was set after ``since``."""
    row = rows.one(
        "SELECT 1 FROM events WHERE position > ? AND position <= ? AND type = 'm.room.member' LIMIT 1",
        since,
        rows.position,
    )
    return row is not None


def with_events_since(rows: Rows, user: UserId, since: Position) -> set[RoomId]:
    """Return the joined rooms of ``user`` that have events after ``since``."""
    found = rows.all(
        "SELECT m.room_id FROM memberships m WHERE m.user_id = ? AND m.membership = 'join'"
        " AND EXISTS (SELECT 1 FROM events e WHERE e.room_id = m.room_id AND e.position > ?)",
        user,
        since,
    )
    return {row[0] for row in found}


def put_membership(
    tx: Transaction, room: RoomId, user: UserId, kind: str, position: Position, name: str | None
) -> None:
    """Write down how a person stands to a room from ``position`` on, and the display name they bear there."""
    tx.run(
        "INSERT INTO memberships (room_id, user_id, membership, position, since_position, forgotten, display_name,"
        " class) VALUES (?, ?, ?, ?, ?, 0, ?, 'all')"
        " ON CONFLICT (room_id, user_id) DO UPDATE SET"
        " since_position = CASE WHEN memberships.membership = excluded.membership"
        " THEN memberships.since_position ELSE excluded.position END,"
        " joined_until = CASE WHEN memberships.membership = 'join' AND excluded.membership <> 'join'"
        " THEN excluded.position ELSE memberships.joined_until END,"
        " membership = excluded.membership, position = excluded.position, forgotten = 0,"
        " display_name = excluded.display_name",
        room,
        user,
        kind,
        position,
        position,
        name,
    )


def put_names(tx: Transaction, room: RoomId, user: UserId, words: Iterable[str]) -> None:
    """Keep a member under these words in the room's name index, and under no others."""
    tx.run("DELETE FROM room_names WHERE room_id = ? AND user_id = ?", room, user)
    for word in words:
        tx.run("INSERT INTO room_names (room_id, word, user_id) VALUES (?, ?, ?)", room, word, user)


def named_by(rows: Rows, room: RoomId, words: Iterable[str]) -> list[tuple[UserId, str | None]]:
    """Return (user, display name) of the joined members kept under any of ``words``."""
    users = {
        row[0] for row in all_in(rows, "SELECT user_id FROM room_names WHERE room_id = ? AND word IN (??)", words, room)
    }
    return all_in(
        rows,
        "SELECT user_id, display_name FROM memberships WHERE room_id = ? AND membership = 'join' AND user_id IN (??)",
        users,
        room,
    )


def forget(tx: Transaction, room: RoomId, user: UserId) -> None:
    """Forget a room that the person has left."""
    tx.run("UPDATE memberships SET forgotten = 1 WHERE room_id = ? AND user_id = ?", room, user)


def share_a_room(rows: Rows, user: UserId, other: UserId) -> bool:
    """Say whether two people are joined to one room."""
    row = rows.one(
        "SELECT 1 FROM memberships a JOIN memberships b ON b.room_id = a.room_id"
        " WHERE a.user_id = ? AND a.membership = 'join' AND b.user_id = ? AND b.membership = 'join' LIMIT 1",
        user,
        other,
    )
    return row is not None


def were_together(rows: Rows, user: UserId, other: UserId, since: int) -> bool:
    """Say whether ``user`` is joined to a room to which ``other`` was joined at that time, or later."""
    row = rows.one(
        "SELECT 1 FROM memberships a JOIN memberships b ON b.room_id = a.room_id"
        " WHERE a.user_id = ? AND a.membership = 'join' AND b.user_id = ? AND (b.membership = 'join'"
        " OR (SELECT e.ts FROM events e WHERE e.position = b.joined_until) >= ?) LIMIT 1",
        user,
        other,
        since,
    )
    return row is not None


def sharers(rows: Rows, user: UserId) -> set[UserId]:
    """Return all who are joined to a room with ``user``, that person too if they are in any."""
    found = rows.all(
        "SELECT DISTINCT b.user_id FROM memberships a JOIN memberships b ON b.room_id = a.room_id"
        " WHERE a.user_id = ? AND a.membership = 'join' AND b.membership = 'join'",
        user,
    )
    return {row[0] for row in found}


def _membership(row: tuple[RoomId, UserId, str, Position, Position, int, str | None]) -> Membership:
    return Membership(row[0], row[1], row[2], row[3], row[4], bool(row[5]), row[6])
