"""One-time and fallback keys: their rows. A claimed one-time key's row is gone in the claim's transaction."""

from collections.abc import Collection

from veche.domain.encryption.device_keys import NamedKey
from veche.domain.ids import DeviceId, Position, UserId
from veche.storage.rows import Rows, all_in
from veche.storage.writer import Transaction


def counts(rows: Rows, user: UserId, device: DeviceId) -> dict[str, int]:
    """Return how many unclaimed one-time keys a device has, by algorithm."""
    found = rows.all(
        "SELECT algorithm, COUNT(*) FROM one_time_keys WHERE user_id = ? AND device_id = ? GROUP BY algorithm",
        user,
        device,
    )
    return dict(found)


def digests(rows: Rows, user: UserId, device: DeviceId) -> dict[str, bytes]:
    """Return the digest of each unclaimed one-time key, by its name ``<algorithm>:<key id>``."""
    found = rows.all(
        "SELECT algorithm, key_id, digest FROM one_time_keys WHERE user_id = ? AND device_id = ?", user, device
    )
    return {f"{algorithm}:{key_id}": digest for algorithm, key_id, digest in found}


def claimed_among(rows: Rows, user: UserId, device: DeviceId, given: Collection[bytes]) -> set[bytes]:
    """Return which of these digests belong to keys of the device that were given out lately."""
    sql = "SELECT digest FROM claimed_keys WHERE user_id = ? AND device_id = ? AND digest IN (??)"
    return {row[0] for row in all_in(rows, sql, given, user, device)}


def add(tx: Transaction, user: UserId, device: DeviceId, key: NamedKey, uploaded: Position) -> None:
    """Add a one-time key."""
    tx.run(
        "INSERT INTO one_time_keys (user_id, device_id, algorithm, key_id, json, digest, uploaded)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        user,
        device,
        key.algorithm,
        key.key_id,
        key.json,
        key.digest,
        uploaded,
    )


def take(tx: Transaction, user: UserId, device: DeviceId, algorithm: str, now: int) -> tuple[str, bytes] | None:
    """Take the one-time key that was uploaded first; return its id and JSON, or None where none is left."""
    row = tx.one(
        "DELETE FROM one_time_keys WHERE user_id = ? AND device_id = ? AND algorithm = ? AND key_id ="
        " (SELECT key_id FROM one_time_keys WHERE user_id = ? AND device_id = ? AND algorithm = ?"
        " ORDER BY uploaded, key_id LIMIT 1) RETURNING key_id, json, digest",
        *(user, device, algorithm) * 2,
    )
    if row is None:
        return None
    key_id, json, digest = row
    tx.run(
        "INSERT INTO claimed_keys (user_id, device_id, digest, claimed_ts) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        user,
        device,
        digest,
        now,
    )
    return key_id, json


def forget_claimed(tx: Transaction, user: UserId, device: DeviceId, before: int) -> None:
    """Forget which keys were given out before ``before``, in milliseconds."""
    tx.run("DELETE FROM claimed_keys WHERE user_id = ? AND device_id = ? AND claimed_ts < ?", user, device, before)


def put_fallback(tx: Transaction, user: UserId, device: DeviceId, key: NamedKey) -> bool:
    """Replace the fallback key of an algorithm; say False where the very same key is there already."""
    row = tx.one(
        "INSERT INTO fallback_keys (user_id, device_id, algorithm, key_id, json, used) VALUES (?, ?, ?, ?, ?, 0)"
        " ON CONFLICT (user_id, device_id, algorithm) DO UPDATE"
        " SET key_id = excluded.key_id, json = excluded.json, used = 0"
        " WHERE fallback_keys.key_id <> excluded.key_id OR fallback_keys.json <> excluded.json RETURNING key_id",
        user,
        device,
        key.algorithm,
        key.key_id,
        key.json,
    )
    return row is not None


def use_fallback(tx: Transaction, user: UserId, device: DeviceId, algorithm: str) -> tuple[str, bytes, bool] | None:
    """Return the fallback key's id and JSON, and whether this is its first use; None where there is none."""
    row = tx.one(
        "SELECT key_id, json, used FROM fallback_keys WHERE user_id = ? AND device_id = ? AND algorithm = ?",
        user,
        device,
        algorithm,
    )
    if row is None:
        return None
    if not row[2]:
        tx.run(
            "UPDATE fallback_keys SET used = 1 WHERE user_id = ? AND device_id = ? AND algorithm = ?",
            user,
            device,
            algorithm,
        )
    return row[0], row[1], not row[2]


def unused_fallbacks(rows: Rows, user: UserId, device: DeviceId) -> list[str]:
    """Return the algorithms of which the device has a fallback key that nobody was given."""
    found = rows.all(
        "SELECT algorithm FROM fallback_keys WHERE user_id = ? AND device_id = ? AND used = 0", user, device
    )
    return sorted(row[0] for row in found)
