"""The state of rooms, now and at any position."""

from collections.abc import Iterable
from functools import lru_cache

from veche.base import json
from veche.domain.events import CREATE, MEMBER, POWER_LEVELS, Content, Draft, StateEvent
from veche.domain.ids import EventId, Position, RoomId, UserId
from veche.storage.rows import Rows, all_in
from veche.storage.writer import Transaction

_LONGEST_KNOWN = 4_096  # bytes
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
    return StateEvent(row[0], row[1], row[2], content_in(row[3]), row[4], row[5])


def content_in(text: bytes) -> Content:
    """Decode the content of a state event's bytes; what rules ask for again and again is small, and remembered."""
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


def positions_of_changes(rows: Rows, room: RoomId, kind: str, key: str) -> list[Position]:
    """Return only where each of ``changes_of`` stands in the log."""
    found = rows.all(
        "SELECT position FROM state_history WHERE room_id = ? AND type = ? AND state_key = ? ORDER BY position",
        room,
        kind,
        key,
    )
    return [row[0] for row in found]


def values_of(rows: Rows, room: RoomId, kind: str, key: str, name: str) -> list[tuple[Position, str]]:
    """Return one field of ``changes_of``, empty where a content has none."""
    return [(position, str(content.get(name, ""))) for position, content in changes_of(rows, room, kind, key)]


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
