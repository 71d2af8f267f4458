"""End-to-end encryption: keys, cross-signing, messages to devices, key backups (section End-to-End Encryption)."""

from veche.api.matrix.encryption import cross_signing, key_backup, keys, to_device

ENDPOINTS = (*keys.ENDPOINTS, *cross_signing.ENDPOINTS, *to_device.ENDPOINTS, *key_backup.ENDPOINTS)
