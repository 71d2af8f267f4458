"""The settings that commands and queries work under, as plain values, and the languages that the server speaks.

Where settings come from is not known here.
"""

from typing import Final, Literal

import msgspec

from veche.domain.notifications.gateways import Gateways

Registration = Literal["open", "token", "closed"]
Language = Literal["ru", "fr", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("ru", "fr", "en")
"""Those of pages and letters, in the order in which they are offered."""


class Limits(msgspec.Struct, frozen=True):
    """What the administrator has set: names, lengths in characters, times in milliseconds."""

    server_name: str
    registration: Registration = "token"
    registration_requires_mail: bool = False
    sends_mail: bool = False
    mail_language: Language = "en"
    mail_digest_ms: int = 600_000
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
    people_directory: Literal["shared", "all"] = "shared"
    public_rooms_without_token: bool = False
    login_tokens: bool = True
    turn_uris: tuple[str, ...] = ()
    turn_secret: str = ""
    turn_lifetime_ms: int = 86_400_000
    support_contacts: tuple[dict[str, str], ...] = ()
    support_page: str = ""
    policy_server_key: str = ""
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
    push_gateways: Gateways = Gateways()
    badge_counts_rooms: bool = False


def language_of(tag: str) -> Language | None:
    """Return the language that a tag such as ``fr-CA`` names; None for one that the server does not speak."""
    wanted = tag.strip().lower().partition("-")[0]
    return next((language for language in LANGUAGES if language == wanted), None)
