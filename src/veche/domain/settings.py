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
    public_address: str = ""
    trusted_proxies: frozenset[str] = frozenset()
    common_passwords: frozenset[str] = frozenset()
