"""What is in a key backup."""

import msgspec

from veche.base import json
from veche.domain.encryption.key_backup import NO_BACKUP, NO_KEY, BackedUpKey, version_number
from veche.domain.ids import RoomId
from veche.domain.refusals import Refused
from veche.domain.sessions import Asker
from veche.queries.context import ReadContext
from veche.storage.encryption import key_backup
from veche.storage.encryption.key_backup import Backup
from veche.storage.reader import Snapshot


async def backup(ctx: ReadContext, asker: Asker, version: str | None = None) -> Backup:
    """Return a backup, or the current one; refuses with 404 where there is none."""
    return await ctx.reader.run(lambda at: _backup(at, asker, version))


async def backed_up_keys(ctx: ReadContext, asker: Asker, version: str) -> msgspec.Raw:
    """Return all keys of a backup as ``{"rooms": {room: {"sessions": {…}}}}``; 404 for an unknown backup."""
    return await ctx.reader.run(lambda at: _rooms(_keys(at, asker, version)))


async def backed_up_room(ctx: ReadContext, asker: Asker, version: str, room: RoomId) -> msgspec.Raw:
    """Return a room's keys as ``{"sessions": {…}}``, empty where there are none; 404 for an unknown backup."""
    return await ctx.reader.run(lambda at: _sessions(_keys(at, asker, version, room)))


async def backed_up_session(ctx: ReadContext, asker: Asker, version: str, room: RoomId, session: str) -> msgspec.Raw:
    """Return one session's key; 404 for an unknown backup or key."""
    found = await ctx.reader.run(lambda at: _keys(at, asker, version, room, session))
    if not found:
        raise Refused(NO_KEY)
    return _shown(found[0])


def _backup(at: Snapshot, asker: Asker, version: str | None) -> Backup:
    number = version_number(version) if version is not None else None
    if version is None:
        found = key_backup.current(at, asker.user)
    else:
        found = key_backup.find(at, asker.user, number) if number is not None else None
    if found is None or found.is_deleted:
        raise Refused(NO_BACKUP)
    return found


def _keys(
    at: Snapshot, asker: Asker, version: str, room: RoomId | None = None, session: str | None = None
) -> list[BackedUpKey]:
    number = _backup(at, asker, version).version
    return key_backup.keys(at, asker.user, number, room, session)


def _rooms(keys: list[BackedUpKey]) -> msgspec.Raw:
    by_room: dict[RoomId, list[BackedUpKey]] = {}
    for key in keys:
        by_room.setdefault(key.room_id, []).append(key)
    return msgspec.Raw(json.encode({"rooms": {room: _sessions(some) for room, some in by_room.items()}}))


def _sessions(keys: list[BackedUpKey]) -> msgspec.Raw:
    return msgspec.Raw(json.encode({"sessions": {key.session_id: _shown(key) for key in keys}}))


def _shown(key: BackedUpKey) -> msgspec.Raw:
    shown = {
        "first_message_index": key.first_message_index,
        "forwarded_count": key.forwarded_count,
        "is_verified": key.is_verified,
        "session_data": msgspec.Raw(key.session_data),
    }
    return msgspec.Raw(json.encode(shown))
