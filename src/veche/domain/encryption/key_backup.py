"""Key backups: what is kept of a session's key, and which of two keys is the better one."""

from typing import Annotated, Any

import msgspec

from veche.domain.encryption.shapes import encode_object, is_name, read_shape
from veche.domain.ids import RoomId
from veche.domain.refusals import Refusal, invalid_param, not_found

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Sessions = dict[str, dict[str, Any]]
"""Key data by session id, as a client sends it."""

NO_BACKUP = not_found("There is no such backup.")
NO_KEY = not_found("There is no such key in the backup.")


class KeyData(msgspec.Struct, frozen=True):
    """The shape of a session's key in a backup. What ``session_data`` holds only clients can read."""

    first_message_index: Count
    forwarded_count: Count
    is_verified: bool
    session_data: dict[str, Any]


class BackedUpKey(msgspec.Struct, frozen=True):
    """A session's key as it is stored."""

    room_id: RoomId
    session_id: str
    first_message_index: int
    forwarded_count: int
    is_verified: bool
    session_data: bytes = b"{}"


def read_backup(algorithm: str, auth_data: dict[str, Any]) -> bytes | Refusal:
    """Return a backup's ``auth_data`` as it is stored; refuses with 400 what is malformed."""
    if not is_name(algorithm):
        return invalid_param("algorithm has 1 to 255 bytes and no NUL.", "algorithm")
    return encode_object(auth_data, "auth_data")


def read_sessions(rooms: dict[RoomId, Sessions]) -> list[BackedUpKey] | Refusal:
    """Return keys as they are stored; refuses with 400 or 413 what is malformed, so that all or none is stored."""
    keys: list[BackedUpKey] = []
    for room, sessions in rooms.items():
        for session, given in sessions.items():
            key = _read_key(room, session, given)
            if isinstance(key, Refusal):
                return key
            keys.append(key)
    return keys


def is_better(new: BackedUpKey, kept: BackedUpKey) -> bool:
    """Say whether ``new`` replaces ``kept`` (section Server-side key backups).

    A verified key beats one that is not; then one that reads from an earlier message on; then the less forwarded.
    """
    return _rank(new) < _rank(kept)


def wrong_version(current: int) -> Refusal:
    """403: keys can only be written to the current backup, whose version the client is told."""
    text = "Keys can only be written to the current backup."
    return Refusal("M_WRONG_ROOM_KEYS_VERSION", 403, text, extra={"current_version": str(current)})


def version_number(text: str) -> int | None:
    """Return a backup's number, or None for a version that this server never gave out."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


def _read_key(room: RoomId, session: str, given: dict[str, Any]) -> BackedUpKey | Refusal:
    if not is_name(room) or not is_name(session):
        return invalid_param("A room id and a session id have 1 to 255 bytes and no NUL.")
    shape = read_shape(given, KeyData, "session")
    if isinstance(shape, Refusal):
        return shape
    data = encode_object(shape.session_data, "session_data")
    if isinstance(data, Refusal):
        return data
    return BackedUpKey(room, session, shape.first_message_index, shape.forwarded_count, shape.is_verified, data)


def _rank(key: BackedUpKey) -> tuple[bool, int, int]:
    return (not key.is_verified, key.first_message_index, key.forwarded_count)
