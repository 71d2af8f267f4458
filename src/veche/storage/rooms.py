"""Rooms: their rows, their state at any position, and who stands how to them."""

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from veche.base import json
from veche.domain.events import CREATE, MEMBER, POWER_LEVELS, Content, Draft, StateEvent
from veche.domain.ids import EventId, Position, RoomId, UserId
from veche.storage.rows import Rows, all_in
from veche.storage.writer import Transaction


class Room(msgspec.Struct, frozen=True):
    """A room; ``is_public`` says whether the directory lists it."""

    room_id: RoomId
    version: str
    creator: UserId
    created_ts: int
    is_public: bool


class Membership(msgspec.Struct, frozen=True):
    """How a person stands to a room: ``position`` of the newest membership event, ``since`` of the first like it."""

    room_id: RoomId
    user_id: UserId
    membership: str
    position: Position
    since: Position
    is_forgotten: bool
    display_name: str | None


_LONGEST_KNOWN = 4_096  # bytes
_ROOM = "room_id, version, creator, created_ts, is_public"
_MEMBERSHIP = "room_id, user_id, membership, position, since_position, forgotten, display_name"
_STATE = "e.type, e.state_key, e.sender, e.json, e.event_id, e.position"
_PIECE = (
    f"SELECT {_STATE} FROM events e WHERE e.position ="
    " (SELECT position FROM current_state WHERE room_id = ? AND type = ? AND state_key = ?)"
)
# Written without a join: SQLite answers it five times faster, and every message asks it.
_ESSENTIALS = " UNION ALL ".join([_PIECE] * 3)


class CurrentState:
    """A room's present state, looked up piece by piece and remembered for the length of one transaction."""

    def __init__(self, rows: Rows, room: RoomId) -> None:
        self._rows = rows
        self._room = room
        self._seen: dict[tuple[str, str], StateEvent | None] = {}

    @property
    def room_id(self) -> RoomId:
        return self._room

    def get(self, kind: str, key: str = "") -> StateEvent | None:
        """Return the state event of this type and key, or None."""
        if (kind, key) not in self._seen:
            self._seen[kind, key] = self._read(kind, key)
        return self._seen[kind, key]

    def prefetch(self, member: str) -> None:
        """Read at once what every message asks for: creation, power levels and the sender's membership."""
        self._seen.update({(CREATE, ""): None, (POWER_LEVELS, ""): None, (MEMBER, member): None})
        room = self._room
        keys = (room, CREATE, "", room, POWER_LEVELS, "", room, MEMBER, member)
        for row in self._rows.all(_ESSENTIALS, *keys):
            self._seen[row[0], row[1]] = _state_event(row)

    def replace(self, event: StateEvent) -> None:
        """Take note of a state event that was appended in this transaction."""
        self._seen[event.type, event.state_key] = event

    def _read(self, kind: str, key: str) -> StateEvent | None:
        row = self._rows.one(_PIECE, self._room, kind, key)
        return _state_event(row) if row else None


class PastState:
    """A room's state as of a position: per key the newest row that is not later."""

    def __init__(self, rows: Rows, room: RoomId, at: Position) -> None:
        self._rows = rows
        self._room = room
        self._at = at

    @property
    def room_id(self) -> RoomId:
        return self._room

    def get(self, kind: str, key: str = "") -> StateEvent | None:
        """Return the state event of this type and key at that position, or None."""
        row = self._rows.one(
            f"SELECT {_STATE} FROM events e WHERE e.position = (SELECT MAX(position) FROM state_history"
            " WHERE room_id = ? AND type = ? AND state_key = ? AND position <= ?)",
            self._room,
            kind,
            key,
            self._at,
        )
        return _state_event(row) if row else None


def _state_event(row: tuple[str, str, UserId, bytes, EventId, Position]) -> StateEvent:
    return StateEvent(row[0], row[1], row[2], _content(row[3]), row[4], row[5])


def _content(text: bytes) -> Content:
    """Decode a state event's content; what rules ask for again and again is small, and remembered."""
    return _known_content(text) if len(text) <= _LONGEST_KNOWN else _decoded_content(text)


@lru_cache(maxsize=4_096)
def _known_content(text: bytes) -> Content:
    """Shared by all who read the same bytes, so nobody may change it."""
    return _decoded_content(text)


def _decoded_content(text: bytes) -> Content:
    content: Content = json.decode(text)["content"]
    return content


def current_state(rows: Rows, room: RoomId) -> CurrentState:
    """Return the room's present state."""
    return CurrentState(rows, room)


def state_positions(rows: Rows, room: RoomId, at: Position) -> dict[tuple[str, str], Position]:
    """Return where each piece of the state at ``at`` stands in the log."""
    found = rows.all(
        "SELECT type, state_key, MAX(position) FROM state_history WHERE room_id = ? AND position <= ?"
        " GROUP BY type, state_key",
        room,
        at,
    )
    return {(kind, key): position for kind, key, position in found}


def state_positions_of_type(rows: Rows, room: RoomId, kind: str, at: Position) -> list[Position]:
    """Return where each piece of the state of one type stands in the log as of ``at``."""
    found = rows.all(
        "SELECT MAX(position) FROM state_history WHERE room_id = ? AND type = ? AND position <= ? GROUP BY state_key",
        room,
        kind,
        at,
    )
    return [row[0] for row in found]


def current_positions(rows: Rows, room: RoomId) -> list[Position]:
    """Return the positions of the room's present state, in the order of the log."""
    return [row[0] for row in rows.all("SELECT position FROM current_state WHERE room_id = ? ORDER BY position", room)]


def current_pieces(rows: Rows, room: RoomId, *, without_members: bool = False) -> dict[tuple[str, str], Position]:
    """Return where each piece of the room's present state stands in the log."""
    sql = "SELECT type, state_key, position FROM current_state WHERE room_id = ?"
    found = rows.all(sql + " AND (type < 'm.room.member' OR type > 'm.room.member')" if without_members else sql, room)
    return {(kind, key): position for kind, key, position in found}


def current_pieces_of(rows: Rows, room: RoomId, kind: str, keys: Iterable[str]) -> dict[tuple[str, str], Position]:
    """Return where the present state of one type stands in the log, for the given keys."""
    found = all_in(
        rows,
        "SELECT type, state_key, position FROM current_state WHERE room_id = ? AND type = ? AND state_key IN (??)",
        keys,
        room,
        kind,
    )
    return {(kind, key): position for kind, key, position in found}


def position_of(rows: Rows, room: RoomId, kind: str, key: str, at: Position) -> Position | None:
    """Return where one piece of the state as of ``at`` stands in the log, or None where it was not set yet."""
    row = rows.one(
        "SELECT MAX(position) FROM state_history WHERE room_id = ? AND type = ? AND state_key = ? AND position <= ?",
        room,
        kind,
        key,
        at,
    )
    return row[0] if row else None


def state_changes(rows: Rows, room: RoomId, since: Position, until: Position) -> list[tuple[str, str, Position]]:
    """Return (type, key, newest position) for each piece of state set in (since, until]."""
    return rows.all(
        "SELECT type, state_key, MAX(position) AS newest FROM state_history"
        " WHERE room_id = ? AND position > ? AND position <= ? GROUP BY type, state_key ORDER BY newest",
        room,
        since,
        until,
    )


def changes_of(rows: Rows, room: RoomId, kind: str, key: str) -> list[tuple[Position, dict[str, object]]]:
    """Return every value that one piece of the state ever had, as (position, content), oldest first."""
    found = rows.all(
        "SELECT e.position, e.json FROM state_history s JOIN events e ON e.position = s.position"
        " WHERE s.room_id = ? AND s.type = ? AND s.state_key = ? ORDER BY s.position",
        room,
        kind,
        key,
    )
    return [(position, json.decode(text)["content"]) for position, text in found]


def put_state(tx: Transaction, room: RoomId, draft: Draft, position: Position) -> None:
    """Make the event at ``position`` the newest of its type and key."""
    tx.run(
        "INSERT INTO state_history (room_id, type, state_key, position) VALUES (?, ?, ?, ?)",
        room,
        draft.type,
        draft.state_key,
        position,
    )
    tx.run(
        "INSERT INTO current_state (room_id, type, state_key, position) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (room_id, type, state_key) DO UPDATE SET position = excluded.position",
        room,
        draft.type,
        draft.state_key,
        position,
    )


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


def first_members(rows: Rows, room: RoomId, kinds: tuple[str, str], besides: UserId, limit: int) -> list[UserId]:
    """Return the members of two kinds who came first, without ``besides``."""
    found = rows.all(
        "SELECT user_id FROM memberships WHERE room_id = ? AND membership IN (?, ?) AND user_id <> ?"
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
