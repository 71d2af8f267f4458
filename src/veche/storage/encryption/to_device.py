"""Messages that wait for devices, and which sending requests were carried out: their rows."""

from collections.abc import Collection

from veche.domain.facts import Fact
from veche.domain.ids import DeviceId, Position, UserId
from veche.storage.rows import Rows, all_in
from veche.storage.writer import Transaction


def begin_part(tx: Transaction, user: UserId, device: DeviceId, kind: str, txn: str, part: int, now: int) -> bool:
    """Note that a part of a request is carried out; say False where it was before."""
    row = tx.one(
        "INSERT INTO to_device_transactions (user_id, device_id, type, txn_id, part, ts) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING RETURNING part",
        user,
        device,
        kind,
        txn,
        part,
        now,
    )
    return row is not None


def forget_requests(tx: Transaction, user: UserId, device: DeviceId, before: int) -> None:
    """Forget requests of a device that were carried out before ``before``, in milliseconds."""
    tx.run("DELETE FROM to_device_transactions WHERE user_id = ? AND device_id = ? AND ts < ?", user, device, before)


def devices_of(rows: Rows, users: Collection[UserId]) -> dict[UserId, list[DeviceId]]:
    """Return the devices of these users."""
    devices: dict[UserId, list[DeviceId]] = {}
    sql = "SELECT user_id, device_id FROM devices WHERE user_id IN (??)"
    for user, device in sorted(all_in(rows, sql, users)):
        devices.setdefault(user, []).append(device)
    return devices


def add(tx: Transaction, user: UserId, device: DeviceId, json: bytes) -> Position:
    """Put a message into a device's inbox."""
    position = tx.record(Fact("to_device", user=user, device=device, body=json))
    tx.run(
        "INSERT INTO to_device (position, user_id, device_id, json) VALUES (?, ?, ?, ?)", position, user, device, json
    )
    return position


def waiting(rows: Rows, user: UserId, device: DeviceId, since: Position, limit: int) -> list[tuple[Position, bytes]]:
    """Return the oldest messages in a device's inbox after ``since``."""
    return rows.all(
        "SELECT position, json FROM to_device WHERE user_id = ? AND device_id = ? AND position > ? AND position <= ?"
        " ORDER BY position LIMIT ?",
        user,
        device,
        since,
        rows.position,
        limit,
    )


def oldest(rows: Rows, user: UserId, device: DeviceId) -> Position | None:
    """Return the position of the oldest message in a device's inbox, or None where it is empty."""
    row = rows.one("SELECT MIN(position) FROM to_device WHERE user_id = ? AND device_id = ?", user, device)
    return row[0] if row else None


def overfull(rows: Rows, after: tuple[str, str], devices: int, most: int) -> list[tuple[UserId, DeviceId, Position]]:
    """Look at the inboxes of so many devices behind ``after``, in order; return each device with the newest position
    that is one too many for an inbox of ``most`` messages, 0 where there is none.
    """
    return rows.all(
        "SELECT user_id, device_id, COALESCE((SELECT position FROM to_device WHERE to_device.user_id = devices.user_id"
        " AND to_device.device_id = devices.device_id ORDER BY position DESC LIMIT 1 OFFSET ?), 0)"
        " FROM devices WHERE (user_id, device_id) > (?, ?) ORDER BY user_id, device_id LIMIT ?",
        most,
        *after,
        devices,
    )


def delete_oldest(tx: Transaction, user: UserId, device: DeviceId, until: Position, most: int) -> int:
    """Delete at most ``most`` of the oldest messages that are not later than ``until``; return how many."""
    return len(
        tx.all(
            "DELETE FROM to_device WHERE position IN (SELECT position FROM to_device WHERE user_id = ?"
            " AND device_id = ? AND position <= ? ORDER BY position LIMIT ?) RETURNING position",
            user,
            device,
            until,
            most,
        )
    )


def delete_delivered(tx: Transaction, user: UserId, device: DeviceId, inbox: Position) -> None:
    """Delete the messages of a device that are not later than ``inbox``."""
    tx.run("DELETE FROM to_device WHERE user_id = ? AND device_id = ? AND position <= ?", user, device, inbox)
