"""Pushers: their rows, and how far each has come. Who may set which is decided in the commands.

Those of the kind http are served by the push worker; mail reads those of the kind email with ``of_kind``.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from veche.base import json
from veche.domain.ids import DeviceId, Position, RoomId, UserId
from veche.domain.notifications.pushers import Pusher, PusherKey, PusherKind
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

_COLUMNS = (
    "user_id, app_id, pushkey, kind, device_id, app_display_name, device_display_name, profile_tag, lang, data,"
    " set_ts, position, badge, is_behind, failing_since_ts, disabled_ts"
)


class Place(msgspec.Struct, frozen=True):
    """How far a pusher has come; the fields are those of ``Pusher``."""

    key: PusherKey
    position: Position
    badge: int
    is_behind: bool = False
    failing_since_ts: int | None = None
    disabled_ts: int | None = None


def find(rows: Rows, key: PusherKey) -> Pusher | None:
    """Return one pusher."""
    row = rows.one(f"SELECT {_COLUMNS} FROM pushers WHERE user_id = ? AND app_id = ? AND pushkey = ?", *_values(key))
    return _pusher(row) if row else None


def of_user(rows: Rows, user: UserId) -> list[Pusher]:
    """Return somebody's pushers, the oldest setting first."""
    found = rows.all(f"SELECT {_COLUMNS} FROM pushers WHERE user_id = ? ORDER BY set_ts, app_id, pushkey", user)
    return [_pusher(row) for row in found]


def of_kind(rows: Rows, kind: PusherKind) -> list[Pusher]:
    """Return everybody's pushers of a kind; asked at the start of the server, or of mail."""
    return [_pusher(row) for row in rows.all(f"SELECT {_COLUMNS} FROM pushers WHERE kind = ?", kind)]


def of_others(rows: Rows, key: PusherKey) -> list[PusherKey]:
    """Return the pushers of other people that have the same application and pushkey."""
    found = rows.all(
        "SELECT user_id, app_id, pushkey FROM pushers WHERE app_id = ? AND pushkey = ? AND user_id <> ?",
        key.app_id,
        key.pushkey,
        key.user_id,
    )
    return [PusherKey(*row) for row in found]


def put(tx: Transaction, pusher: Pusher) -> None:
    """Store a pusher in the place of the one that has its key."""
    remove(tx, pusher.key)
    tx.run(
        f"INSERT INTO pushers ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *_values(pusher.key),
        pusher.kind,
        pusher.device_id,
        pusher.app_display_name,
        pusher.device_display_name,
        pusher.profile_tag,
        pusher.lang,
        json.encode(pusher.data),
        pusher.set_ts,
        pusher.position,
        pusher.badge,
        int(pusher.is_behind),
        pusher.failing_since_ts,
        pusher.disabled_ts,
    )


def remove(tx: Transaction, key: PusherKey) -> bool:
    """Remove a pusher; say whether there was one."""
    row = tx.one("DELETE FROM pushers WHERE user_id = ? AND app_id = ? AND pushkey = ? RETURNING 1", *_values(key))
    return row is not None


def remove_of_device(tx: Transaction, user: UserId, device: DeviceId) -> list[PusherKey]:
    """Remove what a device set; return which pushers those were."""
    found = tx.all(
        "DELETE FROM pushers WHERE user_id = ? AND device_id = ? RETURNING user_id, app_id, pushkey", user, device
    )
    return [PusherKey(*row) for row in found]


def keep_place(tx: Transaction, place: Place) -> None:
    """Note how far a pusher has come; one that is gone, or was set again at a later position, is left alone."""
    tx.run(
        "UPDATE pushers SET position = ?, badge = ?, is_behind = ?, failing_since_ts = ?, disabled_ts = ?"
        " WHERE user_id = ? AND app_id = ? AND pushkey = ? AND position <= ?",
        place.position,
        place.badge,
        int(place.is_behind),
        place.failing_since_ts,
        place.disabled_ts,
        *_values(place.key),
        place.position,
    )


def floor(rows: Rows) -> Position | None:
    """Return up to where all pushers that are not behind have had everything; None before the first push."""
    row = rows.one("SELECT position FROM push_floor")
    return Position(row[0]) if row else None


def raise_floor(tx: Transaction, position: Position) -> None:
    """Note that all pushers that are not behind have had everything up to ``position``."""
    if tx.one("UPDATE push_floor SET position = ? RETURNING 1", position) is None:
        tx.run("INSERT INTO push_floor (position) VALUES (?)", position)


def rooms_of_owners(rows: Rows, kind: PusherKind) -> list[tuple[UserId, RoomId]]:
    """Return (owner, joined room) for everybody who has pushers of a kind."""
    return rows.all(
        "SELECT m.user_id, m.room_id FROM memberships m WHERE m.membership = 'join'"
        " AND m.user_id IN (SELECT p.user_id FROM pushers p WHERE p.kind = ?)",
        kind,
    )


def touched_since(rows: Rows, kind: PusherKind, since: Position) -> frozenset[UserId]:
    """Return the owners of pushers of a kind in whose rooms something was sent, or who read something, after that."""
    owners = "(SELECT p.user_id FROM pushers p WHERE p.kind = ?)"
    found = rows.all(
        "SELECT m.user_id FROM events e JOIN memberships m ON m.room_id = e.room_id"
        f" WHERE e.position > ? AND m.user_id IN {owners}"
        f" UNION SELECT r.user_id FROM read_marks r WHERE r.position > ? AND r.user_id IN {owners}",
        since,
        kind,
        since,
        kind,
    )
    return frozenset(row[0] for row in found)


def _values(key: PusherKey) -> tuple[str, str, str]:
    return key.user_id, key.app_id, key.pushkey


def _pusher(row: Iterable[Any]) -> Pusher:
    user, app_id, pushkey, kind, device, app, name, tag, lang, data, ts, position, badge, behind, failing, off = row
    key = PusherKey(user, app_id, pushkey)
    return Pusher(
        key, kind, device, app, name, tag, lang, json.decode(data), ts, position, badge, bool(behind), failing, off
    )
