"""Everybody's names, and in which rooms people meet."""

from collections.abc import Iterable

from veche.base import json
from veche.domain.ids import RoomId, UserId
from veche.storage.rows import Rows, all_in

LATEST = 50
"""Rooms that tell who is close to somebody."""


def everybody(rows: Rows) -> list[tuple[UserId, str | None]]:
    """Return (user, display name) of all accounts that are not closed."""
    found = rows.all(
        "SELECT a.user_id, p.value FROM accounts a LEFT JOIN profile_fields p"
        " ON p.user_id = a.user_id AND p.name = 'displayname' WHERE a.deactivated_ts IS NULL"
    )
    return [(user, json.decode(name) if name is not None else None) for user, name in found]


def close_rooms(rows: Rows, user: UserId, most_people: int) -> dict[RoomId, list[UserId]]:
    """Return the members of the small rooms among those that somebody joined last.

    ``LATEST`` rooms are looked at; those with more than ``most_people`` joined members are left out.
    """
    latest = rows.all(
        "SELECT room_id FROM memberships WHERE user_id = ? AND membership = 'join'"
        f" ORDER BY since_position DESC LIMIT {LATEST}",
        user,
    )
    rooms = [row[0] for row in latest]
    members: dict[RoomId, list[UserId]] = {room: [] for room in rooms}
    for room, member in _first_members(rows, rooms, most_people + 1) if rooms else []:
        members[room].append(member)
    return {room: them for room, them in members.items() if len(them) <= most_people}


def rooms_of(rows: Rows, users: Iterable[UserId]) -> list[tuple[UserId, RoomId]]:
    """Return (user, room) for each room that one of these people is joined to."""
    return all_in(rows, "SELECT user_id, room_id FROM memberships WHERE membership = 'join' AND user_id IN (??)", users)


def mutual_rooms(rows: Rows, user: UserId, other: UserId) -> list[RoomId]:
    """Return the rooms that both are joined to, in the order of their ids."""
    found = rows.all(
        "SELECT a.room_id FROM memberships a JOIN memberships b ON b.room_id = a.room_id AND b.user_id = ?"
        " AND b.membership = 'join' WHERE a.user_id = ? AND a.membership = 'join'",
        other,
        user,
    )
    return sorted(row[0] for row in found)


def _first_members(rows: Rows, rooms: list[RoomId], most: int) -> list[tuple[RoomId, UserId]]:
    """Return (room, user) of so many members of each room; what halls cost is bounded that way.

    Ordered, as PostgreSQL reads the whole of each room otherwise; and always for as many rooms, so that there is one
    statement.
    """
    branch = (
        "SELECT * FROM (SELECT room_id, user_id FROM memberships WHERE room_id = ? AND membership = 'join'"
        f" ORDER BY position LIMIT {int(most)}) AS first"
    )
    return rows.all(" UNION ALL ".join([branch] * LATEST), *rooms, *[""] * (LATEST - len(rooms)))
