"""Key backups: making and ending them, putting keys into them and taking keys out."""

from functools import partial
from typing import Any

import msgspec

from veche.commands.context import Context
from veche.commands.encryption.accepting import accepted
from veche.domain.encryption.key_backup import (
    NO_BACKUP,
    BackedUpKey,
    Sessions,
    is_better,
    read_backup,
    read_sessions,
    version_number,
    wrong_version,
)
from veche.domain.ids import RoomId, UserId
from veche.domain.refusals import Refused, invalid_param
from veche.domain.sessions import Asker
from veche.storage.encryption import key_backup
from veche.storage.encryption.key_backup import Backup
from veche.storage.rows import slices
from veche.storage.writer import Transaction

KEYS_AT_ONCE = 200


class BackupState(msgspec.Struct, frozen=True):
    """What a client learns of a backup's keys after changing them."""

    etag: str
    count: int


async def create_backup(ctx: Context, asker: Asker, algorithm: str, auth_data: dict[str, Any]) -> str:
    """Make a backup; it is the current one from now on. Return its version."""
    encoded = accepted(read_backup(algorithm, auth_data))
    return str(await ctx.writer.run(lambda tx: key_backup.create(tx, asker.user, algorithm, encoded)))


async def update_backup(ctx: Context, asker: Asker, version: str, algorithm: str, auth_data: dict[str, Any]) -> None:
    """Replace a backup's ``auth_data``; refuses with 404 an unknown backup, with 400 another algorithm."""
    encoded = accepted(read_backup(algorithm, auth_data))

    def work(tx: Transaction) -> None:
        backup = _existing(tx, asker.user, version)
        if backup.algorithm != algorithm:
            raise Refused(invalid_param("The algorithm of a backup cannot change.", "algorithm"))
        key_backup.set_auth_data(tx, asker.user, backup.version, encoded)

    await ctx.writer.run(work)


async def delete_backup(ctx: Context, asker: Asker, version: str) -> None:
    """Delete a backup and its keys; deleting it again succeeds too, an unknown one is refused with 404."""

    def work(tx: Transaction) -> None:
        backup = _find(tx, asker.user, version)
        if backup is None:
            raise Refused(NO_BACKUP)
        key_backup.delete(tx, asker.user, backup.version)

    await ctx.writer.run(work)


async def back_up_keys(ctx: Context, asker: Asker, version: str, rooms: dict[RoomId, Sessions]) -> BackupState:
    """Put keys into the current backup; of two keys for one session the better one is kept.

    Refuses with 403 M_WRONG_ROOM_KEYS_VERSION where ``version`` is not the current one, 404 for an unknown backup.
    """
    keys = accepted(read_sessions(rooms))
    state = await ctx.writer.run(lambda tx: _state(_current(tx, asker.user, version)))
    for some in slices(keys, KEYS_AT_ONCE):
        state = await ctx.writer.run(partial(_back_up, asker.user, version, list(some)))
    return state


async def delete_keys(
    ctx: Context, asker: Asker, version: str, room: RoomId | None = None, session: str | None = None
) -> BackupState:
    """Delete a session's key, those of a room, or all; refuses with 404 an unknown backup."""

    def work(tx: Transaction) -> BackupState:
        backup = _existing(tx, asker.user, version)
        gone = key_backup.delete_keys(tx, asker.user, backup.version, room, session)
        if gone:
            key_backup.count_change(tx, asker.user, backup.version, -gone)
        return _state(_existing(tx, asker.user, version))

    return await ctx.writer.run(work)


def _back_up(user: UserId, version: str, keys: list[BackedUpKey], tx: Transaction) -> BackupState:
    backup = _current(tx, user, version)
    by_room: dict[RoomId, list[BackedUpKey]] = {}
    for key in keys:
        by_room.setdefault(key.room_id, []).append(key)
    new, changed = 0, False
    for room, some in by_room.items():
        kept = key_backup.kept(tx, user, backup.version, room, [key.session_id for key in some])
        for key in some:
            known = kept.get(key.session_id)
            if known is None or is_better(key, known):
                key_backup.put_key(tx, user, backup.version, key)
                new, changed = new + (known is None), True
    if changed:
        key_backup.count_change(tx, user, backup.version, new)
    return _state(_current(tx, user, version))


def _current(tx: Transaction, user: UserId, version: str) -> Backup:
    """Return the current backup, if ``version`` means that."""
    current = key_backup.current(tx, user)
    if current is None or _find(tx, user, version) is None:
        raise Refused(NO_BACKUP)
    if str(current.version) != version:
        raise Refused(wrong_version(current.version))
    return current


def _existing(tx: Transaction, user: UserId, version: str) -> Backup:
    backup = _find(tx, user, version)
    if backup is None or backup.is_deleted:
        raise Refused(NO_BACKUP)
    return backup


def _find(tx: Transaction, user: UserId, version: str) -> Backup | None:
    number = version_number(version)
    return key_backup.find(tx, user, number) if number is not None else None


def _state(backup: Backup) -> BackupState:
    return BackupState(str(backup.etag), backup.key_count)
