"""Identity keys of devices: their rows, with what others are shown beside them."""

from collections.abc import Collection

import msgspec

from veche.domain.ids import DeviceId, UserId
from veche.storage.rows import Rows, all_in
from veche.storage.writer import Transaction


class StoredKeys(msgspec.Struct, frozen=True):
    """A device's identity keys as they were uploaded, and the name its owner gave the device."""

    user_id: UserId
    device_id: DeviceId
    json: bytes
    device_name: str | None


def find(rows: Rows, user: UserId, device: DeviceId) -> bytes | None:
    """Return one device's keys."""
    row = rows.one("SELECT json FROM device_keys WHERE user_id = ? AND device_id = ?", user, device)
    return row[0] if row else None


def of_users(rows: Rows, users: Collection[UserId]) -> list[StoredKeys]:
    """Return the keys of all devices of these users."""
    found = all_in(
        rows,
        "SELECT k.user_id, k.device_id, k.json, d.display_name FROM device_keys k"
        " LEFT JOIN devices d ON d.user_id = k.user_id AND d.device_id = k.device_id WHERE k.user_id IN (??)",
        users,
    )
    return [StoredKeys(*row) for row in found]


def known_users(rows: Rows, users: Collection[UserId]) -> list[UserId]:
    """Return which of these users have an account here."""
    return [row[0] for row in all_in(rows, "SELECT user_id FROM accounts WHERE user_id IN (??)", users)]


def put(tx: Transaction, user: UserId, device: DeviceId, json: bytes) -> None:
    """Store or replace a device's keys."""
    tx.run(
        "INSERT INTO device_keys (user_id, device_id, json) VALUES (?, ?, ?)"
        " ON CONFLICT (user_id, device_id) DO UPDATE SET json = excluded.json",
        user,
        device,
        json,
    )
