"""Changes of keys, and what a reader needs to find out whom they concern: rows of changes and of memberships.

All questions compare now, the snapshot's position, with an earlier one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable

import msgspec

from veche.base import json
from veche.domain.facts import Fact
from veche.domain.ids import Position, RoomId, UserId
from veche.storage import rooms
from veche.storage.rows import Rows, all_in
from veche.storage.writer import Transaction


class Standing(msgspec.Struct, frozen=True):
    """How somebody stands to a room now, and since when."""

    room_id: RoomId
    user_id: UserId
    is_joined: bool
    since: Position


def record_change(tx: Transaction, user: UserId) -> None:
    """Record that a user's keys changed, for everybody who shares a room with them."""
    joined = tuple(member.room_id for member in rooms.memberships_of(tx, user, "join"))
    _put(tx, user, "", tx.record(Fact("device_list", user=user, body=joined)))


def record_change_for(tx: Transaction, user: UserId, reader: UserId) -> None:
    """Record that a user's keys look different to ``reader``, who has signed them, and to nobody else."""
    _put(tx, user, reader, tx.record(Fact("device_list", user=reader, body=())))


def changed_since(rows: Rows, reader: UserId, since: Position) -> set[UserId]:
    """Return whose keys changed after ``since`` in the eyes of ``reader``, strangers too."""
    found = rows.all(
        "SELECT user_id FROM device_list_changes WHERE position > ? AND position <= ? AND seen_by IN ('', ?)",
        since,
        rows.position,
        reader,
    )
    return {row[0] for row in found}


def standings(rows: Rows, user: UserId, since: Position) -> list[Standing]:
    """Return the rooms that a user is joined to, and those in which their membership began after ``since``."""
    found = rows.all(
        "SELECT room_id, user_id, membership, since_position FROM memberships"
        " WHERE user_id = ? AND (membership = 'join' OR since_position > ?)",
        user,
        since,
    )
    return [_standing(row) for row in found]


def moved(rows: Rows, in_rooms: Collection[RoomId], since: Position) -> list[Standing]:
    """Return who has another membership in one of these rooms since ``since``, or the same one anew."""
    found = all_in(
        rows,
        # By the state's changes since then, which are few, not by the members. The type stands in an expression so
        # that no index on it is preferred to the one on positions.
        "SELECT DISTINCT m.room_id, m.user_id, m.membership, m.since_position FROM state_history h"
        " JOIN memberships m ON m.room_id = h.room_id AND m.user_id = h.state_key"
        " WHERE m.since_position > ? AND h.position > ? AND h.type || '' = 'm.room.member' AND h.room_id IN (??)",
        in_rooms,
        since,
        since,
    )
    return [_standing(row) for row in found]


def joined_throughout(rows: Rows, in_rooms: Collection[RoomId], since: Position) -> set[UserId]:
    """Return who was joined to one of these rooms at ``since`` and has been ever after."""
    sql = "SELECT user_id FROM memberships WHERE membership = 'join' AND since_position <= ? AND room_id IN (??)"
    return {row[0] for row in all_in(rows, sql, in_rooms, since)}


def joined_now(rows: Rows, in_rooms: Collection[RoomId]) -> set[UserId]:
    """Return who is joined to one of these rooms."""
    return joined_throughout(rows, in_rooms, rows.position)


def sharing_throughout(rows: Rows, user: UserId, others: Collection[UserId], since: Position) -> set[UserId]:
    """Return which of ``others`` have been in one room together with ``user`` from ``since`` to now."""
    found = all_in(
        rows,
        "SELECT DISTINCT b.user_id FROM memberships a JOIN memberships b ON b.room_id = a.room_id"
        " WHERE a.user_id = ? AND a.membership = 'join' AND a.since_position <= ?"
        " AND b.membership = 'join' AND b.since_position <= ? AND b.user_id IN (??)",
        others,
        user,
        since,
        since,
    )
    return {row[0] for row in found}


def sharing_now(rows: Rows, user: UserId, others: Collection[UserId]) -> set[UserId]:
    """Return which of ``others`` are in one room together with ``user``."""
    return sharing_throughout(rows, user, others, rows.position)


def joined_at(rows: Rows, candidates: Iterable[Standing], at: Position) -> set[tuple[RoomId, UserId]]:
    """Return who of these were joined to their room at an earlier position, whatever they are now."""
    by_room: dict[RoomId, list[UserId]] = defaultdict(list)
    for candidate in candidates:
        by_room[candidate.room_id].append(candidate.user_id)
    return {(room, user) for room, users in by_room.items() for user in _joined_at(rows, room, users, at)}


def _put(tx: Transaction, user: UserId, seen_by: str, position: Position) -> None:
    tx.run(
        "INSERT INTO device_list_changes (user_id, seen_by, position) VALUES (?, ?, ?)"
        " ON CONFLICT (user_id, seen_by) DO UPDATE SET position = excluded.position",
        user,
        seen_by,
        position,
    )


def _joined_at(rows: Rows, room: RoomId, users: list[UserId], at: Position) -> list[UserId]:
    found = all_in(
        rows,
        "SELECT s.state_key, e.json FROM events e JOIN (SELECT state_key, MAX(position) AS newest FROM state_history"
        " WHERE room_id = ? AND type = 'm.room.member' AND position <= ? AND state_key IN (??) GROUP BY state_key) s"
        " ON e.position = s.newest",
        users,
        room,
        at,
    )
    return [user for user, text in found if json.decode(text)["content"].get("membership") == "join"]


def _standing(row: tuple[RoomId, UserId, str, Position]) -> Standing:
    return Standing(row[0], row[1], row[2] == "join", row[3])
