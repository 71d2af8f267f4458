"""Server-side key backups (section Server-side key backups)."""

from typing import Any

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.commands.encryption import key_backup
from veche.commands.encryption.key_backup import BackupState
from veche.domain.ids import RoomId
from veche.domain.refusals import Refused, invalid_param
from veche.domain.sessions import Asker
from veche.queries import encryption


class BackupBody(msgspec.Struct, frozen=True):
    """What a backup is; ``version`` is only repeated, never chosen."""

    algorithm: str
    auth_data: dict[str, Any]
    version: str | None = None


class NewBackup(msgspec.Struct, frozen=True):
    """``POST /room_keys/version``."""

    body: BackupBody


class Version(msgspec.Struct, frozen=True):
    """One backup, and the answer that names a new one."""

    version: str


class ChangedBackup(msgspec.Struct, frozen=True):
    """``PUT /room_keys/version/{version}``."""

    version: str
    body: BackupBody


class Backup(msgspec.Struct, frozen=True):
    """A backup with the number and the state of its keys."""

    algorithm: str
    auth_data: msgspec.Raw
    count: int
    etag: str
    version: str


class RoomKeys(msgspec.Struct, frozen=True):
    """Keys of one room by session."""

    sessions: dict[str, dict[str, Any]]


class AllKeys(msgspec.Struct, frozen=True):
    """Keys by room and session."""

    rooms: dict[RoomId, RoomKeys]


class OfAll(msgspec.Struct, frozen=True):
    """All keys of the backup ``version``."""

    version: str


class OfRoom(msgspec.Struct, frozen=True):
    """Keys of a room in the backup ``version``."""

    room_id: RoomId
    version: str


class OfSession(msgspec.Struct, frozen=True):
    """One session's key in the backup ``version``."""

    room_id: RoomId
    session_id: str
    version: str


class PutAll(msgspec.Struct, frozen=True):
    """``PUT /room_keys/keys``."""

    version: str
    body: AllKeys


class PutRoom(msgspec.Struct, frozen=True):
    """``PUT /room_keys/keys/{roomId}``."""

    room_id: RoomId
    version: str
    body: RoomKeys


class PutSession(msgspec.Struct, frozen=True):
    """``PUT /room_keys/keys/{roomId}/{sessionId}``."""

    room_id: RoomId
    session_id: str
    version: str
    body: dict[str, Any]


async def create(door: Door, asker: Asker, query: NewBackup) -> Version:
    """Make a backup."""
    return Version(await key_backup.create_backup(door.commands, asker, query.body.algorithm, query.body.auth_data))


async def current(door: Door, asker: Asker, query: Empty) -> Backup:
    """Return the current backup."""
    return await _backup(door, asker, None)


async def get(door: Door, asker: Asker, query: Version) -> Backup:
    """Return a backup."""
    return await _backup(door, asker, query.version)


async def change(door: Door, asker: Asker, query: ChangedBackup) -> Empty:
    """Replace a backup's ``auth_data``."""
    body = query.body
    if body.version is not None and body.version != query.version:
        raise Refused(invalid_param("The version in the body is not the one in the path.", "version"))
    await key_backup.update_backup(door.commands, asker, query.version, body.algorithm, body.auth_data)
    return Empty()


async def delete(door: Door, asker: Asker, query: Version) -> Empty:
    """Delete a backup."""
    await key_backup.delete_backup(door.commands, asker, query.version)
    return Empty()


async def put_all(door: Door, asker: Asker, query: PutAll) -> BackupState:
    """Store keys of several rooms."""
    rooms = {room: keys.sessions for room, keys in query.body.rooms.items()}
    return await key_backup.back_up_keys(door.commands, asker, query.version, rooms)


async def put_room(door: Door, asker: Asker, query: PutRoom) -> BackupState:
    """Store keys of one room."""
    rooms = {query.room_id: query.body.sessions}
    return await key_backup.back_up_keys(door.commands, asker, query.version, rooms)


async def put_session(door: Door, asker: Asker, query: PutSession) -> BackupState:
    """Store one session's key."""
    rooms = {query.room_id: {query.session_id: query.body}}
    return await key_backup.back_up_keys(door.commands, asker, query.version, rooms)


async def get_all(door: Door, asker: Asker, query: OfAll) -> msgspec.Raw:
    """Return all keys."""
    return await encryption.backed_up_keys(door.queries, asker, query.version)


async def get_room(door: Door, asker: Asker, query: OfRoom) -> msgspec.Raw:
    """Return the keys of one room."""
    return await encryption.backed_up_room(door.queries, asker, query.version, query.room_id)


async def get_session(door: Door, asker: Asker, query: OfSession) -> msgspec.Raw:
    """Return one session's key."""
    return await encryption.backed_up_session(door.queries, asker, query.version, query.room_id, query.session_id)


async def delete_all(door: Door, asker: Asker, query: OfAll) -> BackupState:
    """Delete all keys."""
    return await key_backup.delete_keys(door.commands, asker, query.version)


async def delete_room(door: Door, asker: Asker, query: OfRoom) -> BackupState:
    """Delete the keys of one room."""
    return await key_backup.delete_keys(door.commands, asker, query.version, query.room_id)


async def delete_session(door: Door, asker: Asker, query: OfSession) -> BackupState:
    """Delete one session's key."""
    return await key_backup.delete_keys(door.commands, asker, query.version, query.room_id, query.session_id)


async def _backup(door: Door, asker: Asker, version: str | None) -> Backup:
    found = await encryption.backup(door.queries, asker, version)
    auth_data = msgspec.Raw(found.auth_data)
    return Backup(found.algorithm, auth_data, found.key_count, str(found.etag), str(found.version))


_VERSIONS = "/_matrix/client/v3/room_keys/version"
_VERSION = _VERSIONS + "/{version}"
_KEYS = "/_matrix/client/v3/room_keys/keys"
_ROOM = _KEYS + "/{room_id}"
_SESSION = _ROOM + "/{session_id}"

ENDPOINTS = (
    Endpoint("POST", _VERSIONS, "user", "write", NewBackup, Version, create),
    Endpoint("GET", _VERSIONS, "user", "read", Empty, Backup, current),
    Endpoint("GET", _VERSION, "user", "read", Version, Backup, get),
    Endpoint("PUT", _VERSION, "user", "write", ChangedBackup, Empty, change),
    Endpoint("DELETE", _VERSION, "user", "write", Version, Empty, delete),
    Endpoint("PUT", _KEYS, "user", "write", PutAll, BackupState, put_all),
    Endpoint("GET", _KEYS, "user", "read", OfAll, msgspec.Raw, get_all),
    Endpoint("DELETE", _KEYS, "user", "write", OfAll, BackupState, delete_all),
    Endpoint("PUT", _ROOM, "user", "write", PutRoom, BackupState, put_room),
    Endpoint("GET", _ROOM, "user", "read", OfRoom, msgspec.Raw, get_room),
    Endpoint("DELETE", _ROOM, "user", "write", OfRoom, BackupState, delete_room),
    Endpoint("PUT", _SESSION, "user", "write", PutSession, BackupState, put_session),
    Endpoint("GET", _SESSION, "user", "read", OfSession, msgspec.Raw, get_session),
    Endpoint("DELETE", _SESSION, "user", "write", OfSession, BackupState, delete_session),
)
