"""The settings that commands and queries work under, as plain values. Where they come from is not known here."""

from typing import Literal

import msgspec

Registration = Literal["open", "token", "closed"]


class Limits(msgspec.Struct, frozen=True):
    """What the administrator has set: names, lengths in characters, times in milliseconds."""

    server_name: str
    registration: Registration = "token"
    user_name_pattern: str = "[a-z0-9._=/+-]+"
    shortest_password: int = 12
    longest_message: int = 0
    access_token_lifetime_ms: int = 3_600_000
    default_room_version: str = "11"
    default_rooms: tuple[str, ...] = ()
    public_address: str = ""
    trusted_proxies: frozenset[str] = frozenset()
    common_passwords: frozenset[str] = frozenset()
    sign_in_history_days: int = 90
    admin_contact: str = ""
    largest_upload: int = 100 * 2**20
    quota_per_person: int = 0
    quota_of_server: int = 0
    pending_upload_ms: int = 86_400_000
    pending_uploads: int = 50
    trust_port: int = 0
    backup_folder: str = ""
    backup_hour: int = 3
    backup_copies: int = 7
    backup_passphrase_file: str = ""
