"""Typed identifiers and the questions one may ask of their text (appendices, Identifier Grammar).

No record lives here, and nothing that knows where an identifier is stored.
"""

import re
from typing import NewType

UserId = NewType("UserId", str)
RoomId = NewType("RoomId", str)
EventId = NewType("EventId", str)
DeviceId = NewType("DeviceId", str)
Alias = NewType("Alias", str)
Position = NewType("Position", int)
Digest = NewType("Digest", str)
"""The SHA-256 of a file's content, 64 small hexadecimal digits."""

LONGEST = 255  # bytes, for every identifier of the specification

_LOCALPART = re.compile(r"[a-z0-9._=\-/+]+\Z")
_HISTORICAL = re.compile(r"@[^:\x00]*:[^\x00]+\Z")
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_ALIAS = re.compile(r"#[^:\x00]+:[^\x00]+\Z")


def user_id(localpart: str, server_name: str) -> UserId:
    """Return ``@localpart:server_name``."""
    return UserId(f"@{localpart}:{server_name}")


def is_localpart(text: str) -> bool:
    """Say whether a new account may bear ``text`` as its localpart."""
    return bool(_LOCALPART.match(text))


def is_user_id(text: str) -> bool:
    """Say whether ``text`` looks like a user id, historical characters included."""
    return bool(_HISTORICAL.match(text)) and fits(text)


def is_alias(text: str) -> bool:
    """Say whether ``text`` looks like a room alias."""
    return bool(_ALIAS.match(text)) and fits(text)


def is_room_id(text: str) -> bool:
    """Say whether ``text`` looks like a room id, with or without a server part (room version 12)."""
    return len(text) > 1 and text[0] == "!" and "\x00" not in text and fits(text)


def is_digest(text: str) -> bool:
    """Say whether ``text`` is the digest of some content: only then may a path be made of it."""
    return bool(_DIGEST.match(text))


def fits(text: str) -> bool:
    """Say whether ``text`` is within the 255 bytes of an identifier."""
    return len(text) <= LONGEST and len(text.encode()) <= LONGEST


def server_of(identifier: str) -> str:
    """Return what stands behind the first colon, or an empty text."""
    return identifier.partition(":")[2]


def localpart_of(user: str) -> str:
    """Return what stands between the sigil and the first colon."""
    return user[1:].partition(":")[0]
