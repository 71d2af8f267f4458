"""Encryption: keys of devices and people, whose keys changed, and what is in a key backup."""

from veche.queries.encryption.key_backup import backed_up_keys, backed_up_room, backed_up_session, backup
from veche.queries.encryption.keys import key_changes, keys_of

__all__ = ["backed_up_keys", "backed_up_room", "backed_up_session", "backup", "key_changes", "keys_of"]
