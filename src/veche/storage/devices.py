"""Devices: their rows."""

from veche.domain.devices import Device, DeviceUse
from veche.domain.ids import DeviceId, UserId
from veche.domain.sessions import Origin
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

_COLUMNS = "device_id, display_name, last_seen_ts, last_seen_ip"


def all_of(rows: Rows, user: UserId) -> list[Device]:
    """Return somebody's devices, oldest first."""
    found = rows.all(f"SELECT {_COLUMNS} FROM devices WHERE user_id = ? ORDER BY created_ts, device_id", user)
    return [Device(*row) for row in found]


def find(rows: Rows, user: UserId, device: DeviceId) -> Device | None:
    """Return one device."""
    row = rows.one(f"SELECT {_COLUMNS} FROM devices WHERE user_id = ? AND device_id = ?", user, device)
    return Device(*row) if row else None


def add(tx: Transaction, user: UserId, device: DeviceId, name: str | None, now: int) -> None:
    """Add a device; one that exists keeps its name."""
    tx.run(
        "INSERT INTO devices (user_id, device_id, display_name, created_ts) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        user,
        device,
        name,
        now,
    )


def rename(tx: Transaction, user: UserId, device: DeviceId, name: str | None) -> None:
    """Give a device another name."""
    tx.run("UPDATE devices SET display_name = ? WHERE user_id = ? AND device_id = ?", name, user, device)


def uses_of(rows: Rows, user: UserId) -> list[DeviceUse]:
    """Return somebody's devices with how they were last used, oldest first."""
    found = rows.all(
        "SELECT device_id, display_name, created_ts, last_seen_ts, last_seen_ip, last_seen_port, last_seen_client"
        " FROM devices WHERE user_id = ? ORDER BY created_ts, device_id",
        user,
    )
    return [DeviceUse(*row) for row in found]


def seen(tx: Transaction, user: UserId, device: DeviceId, ts: int, origin: Origin | None) -> None:
    """Note when a device was last used and, where that is known, from where and with what."""
    if origin is None or not origin.address:
        tx.run("UPDATE devices SET last_seen_ts = ? WHERE user_id = ? AND device_id = ?", ts, user, device)
        return
    tx.run(
        "UPDATE devices SET last_seen_ts = ?, last_seen_ip = ?, last_seen_port = ?, last_seen_client = ?"
        " WHERE user_id = ? AND device_id = ?",
        ts,
        origin.address,
        origin.port,
        origin.client,
        user,
        device,
    )


def delete(tx: Transaction, user: UserId, device: DeviceId) -> None:
    """Delete a device's row."""
    tx.run("DELETE FROM devices WHERE user_id = ? AND device_id = ?", user, device)
