"""Encryption: rows of public keys, signatures, messages to devices and key backups, one file for each."""

from veche.domain.encryption.signatures import signing_key_id
from veche.domain.ids import DeviceId, UserId
from veche.storage.encryption import cross_signing
from veche.storage.writer import Transaction

_OF_A_DEVICE = ("one_time_keys", "claimed_keys", "fallback_keys", "to_device", "to_device_transactions")


def delete_device(tx: Transaction, user: UserId, device: DeviceId) -> bool:
    """Delete all that belongs to a device: keys, waiting messages, signatures. Say whether it had identity keys."""
    for table in _OF_A_DEVICE:
        tx.run(f"DELETE FROM {table} WHERE user_id = ? AND device_id = ?", user, device)
    keys = "DELETE FROM device_keys WHERE user_id = ? AND device_id = ? RETURNING device_id"
    had_keys = tx.one(keys, user, device) is not None
    cross_signing.delete_signatures(tx, user, device, signing_key_id(device))
    return had_keys
