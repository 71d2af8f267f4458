"""Key backups: their rows. Which key is the better one is decided in the domain."""

from collections.abc import Collection

import msgspec

from veche.domain.encryption.key_backup import BackedUpKey
from veche.domain.ids import RoomId, UserId
from veche.storage.rows import Rows, all_in
from veche.storage.writer import Transaction


class Backup(msgspec.Struct, frozen=True):
    """A backup. ``etag`` counts the changes of its keys."""

    version: int
    algorithm: str
    auth_data: bytes
    key_count: int
    etag: int
    is_deleted: bool


_BACKUP = "version, algorithm, auth_data, key_count, etag, deleted"
_KEY = "room_id, session_id, first_message_index, forwarded_count, is_verified"


def current(rows: Rows, user: UserId) -> Backup | None:
    """Return the newest backup that was not deleted."""
    row = rows.one(
        f"SELECT {_BACKUP} FROM key_backups WHERE user_id = ? AND deleted = 0 ORDER BY version DESC LIMIT 1", user
    )
    return _backup(row) if row else None


def find(rows: Rows, user: UserId, version: int) -> Backup | None:
    """Return a backup, a deleted one too."""
    row = rows.one(f"SELECT {_BACKUP} FROM key_backups WHERE user_id = ? AND version = ?", user, version)
    return _backup(row) if row else None


def create(tx: Transaction, user: UserId, algorithm: str, auth_data: bytes) -> int:
    """Add a backup; return its version, which is greater than that of any before."""
    row = tx.one("SELECT COALESCE(MAX(version), 0) + 1 FROM key_backups WHERE user_id = ?", user)
    assert row is not None
    tx.run(
        "INSERT INTO key_backups (user_id, version, algorithm, auth_data, key_count, etag, deleted)"
        " VALUES (?, ?, ?, ?, 0, 0, 0)",
        user,
        row[0],
        algorithm,
        auth_data,
    )
    return int(row[0])


def set_auth_data(tx: Transaction, user: UserId, version: int, auth_data: bytes) -> None:
    """Replace a backup's ``auth_data``."""
    tx.run("UPDATE key_backups SET auth_data = ? WHERE user_id = ? AND version = ?", auth_data, user, version)


def delete(tx: Transaction, user: UserId, version: int) -> None:
    """Delete a backup with its keys; only its version stays."""
    tx.run(
        "UPDATE key_backups SET deleted = 1, auth_data = ?, key_count = 0 WHERE user_id = ? AND version = ?",
        b"{}",
        user,
        version,
    )
    tx.run("DELETE FROM backed_up_keys WHERE user_id = ? AND version = ?", user, version)


def count_change(tx: Transaction, user: UserId, version: int, keys_more: int) -> None:
    """Move the etag on and add to the number of keys."""
    tx.run(
        "UPDATE key_backups SET etag = etag + 1, key_count = key_count + ? WHERE user_id = ? AND version = ?",
        keys_more,
        user,
        version,
    )


def kept(rows: Rows, user: UserId, version: int, room: RoomId, sessions: Collection[str]) -> dict[str, BackedUpKey]:
    """Return what is known of these sessions' keys, without their data."""
    found = all_in(
        rows,
        f"SELECT {_KEY} FROM backed_up_keys WHERE user_id = ? AND version = ? AND room_id = ? AND session_id IN (??)",
        sessions,
        user,
        version,
        room,
    )
    return {row[1]: BackedUpKey(row[0], row[1], row[2], row[3], bool(row[4])) for row in found}


def put_key(tx: Transaction, user: UserId, version: int, key: BackedUpKey) -> None:
    """Store or replace a session's key."""
    tx.run(
        f"INSERT INTO backed_up_keys (user_id, version, {_KEY}, session_data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (user_id, version, room_id, session_id) DO UPDATE SET"
        " first_message_index = excluded.first_message_index, forwarded_count = excluded.forwarded_count,"
        " is_verified = excluded.is_verified, session_data = excluded.session_data",
        user,
        version,
        key.room_id,
        key.session_id,
        key.first_message_index,
        key.forwarded_count,
        int(key.is_verified),
        key.session_data,
    )


def keys(
    rows: Rows, user: UserId, version: int, room: RoomId | None = None, session: str | None = None
) -> list[BackedUpKey]:
    """Return a backup's keys: all, those of one room, or one session's."""
    where, params = _which(user, version, room, session)
    found = rows.all(f"SELECT {_KEY}, session_data FROM backed_up_keys WHERE {where}", *params)
    return [BackedUpKey(row[0], row[1], row[2], row[3], bool(row[4]), row[5]) for row in found]


def delete_keys(tx: Transaction, user: UserId, version: int, room: RoomId | None, session: str | None) -> int:
    """Delete keys as ``keys`` returns them; return how many there were."""
    where, params = _which(user, version, room, session)
    return len(tx.all(f"DELETE FROM backed_up_keys WHERE {where} RETURNING session_id", *params))


def _which(user: UserId, version: int, room: RoomId | None, session: str | None) -> tuple[str, tuple[str | int, ...]]:
    if room is None:
        return "user_id = ? AND version = ?", (user, version)
    if session is None:
        return "user_id = ? AND version = ? AND room_id = ?", (user, version, room)
    return "user_id = ? AND version = ? AND room_id = ? AND session_id = ?", (user, version, room, session)


def _backup(row: tuple[int, str, bytes, int, int, int]) -> Backup:
    return Backup(row[0], row[1], row[2], row[3], row[4], bool(row[5]))
