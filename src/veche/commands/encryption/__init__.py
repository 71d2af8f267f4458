"""Encryption: uploading, claiming and signing keys, messages to devices, key backups.

``cross_signing`` is imported by its own name: replacing keys asks for reauthentication, a subject that itself
deletes keys from here when a session ends.
"""

from veche.commands.encryption.key_backup import (
    back_up_keys,
    create_backup,
    delete_backup,
    delete_keys,
    update_backup,
)
from veche.commands.encryption.keys import claim_keys, upload_keys
from veche.commands.encryption.to_device import delete_delivered, send_to_device, trim_inboxes

__all__ = [
    "back_up_keys",
    "claim_keys",
    "create_backup",
    "delete_backup",
    "delete_delivered",
    "delete_keys",
    "send_to_device",
    "trim_inboxes",
    "update_backup",
    "upload_keys",
]
