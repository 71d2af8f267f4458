"""Restoring a backup into a new place: nothing runs there before all of it is there.

What is put back goes on at a later position of the log (law 1), so that clients go on with what they hold.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from veche.domain.ids import Position
from veche.domain.operation.backups import Kept, Manifest, head_after_restore
from veche.storage.blobs import BlobFault, Blobs
from veche.storage.engines import Engine, Run
from veche.storage.operation.faults import BackupFault, Damaged, explained
from veche.storage.operation.filling import fill_database
from veche.storage.operation.manifests import Ask, Backup, open_backup
from veche.storage.operation.putting_back import NewPlace
from veche.storage.operation.shelf import Shelf
from veche.storage.operation.standing import go_on_from
from veche.storage.schema import migrations

Tell = Callable[[str], None]


class Stores(msgspec.Struct, frozen=True):
    """Where the database and the contents of files are to go."""

    engine: Engine
    blobs: Blobs


class Restored(msgspec.Struct, frozen=True):
    """What was put back, where its log goes on, and which contents could not be, in sentences."""

    manifest: Manifest
    position: Position
    left_out: tuple[str, ...]


def find_backup(found: Path, passphrase: Ask, *, must_be_sealed: bool = False) -> Backup:
    """Open a backup, the newest one where ``found`` is a folder of backups; ``must_be_sealed`` allows no other.

    Raises ``BackupFault`` for what is none, is not whole, cannot be read, or was made by a newer version.
    """
    with explained(found):
        backup = open_backup(Shelf(found).newest() or found, passphrase, must_be_sealed=must_be_sealed)
    made_by, known = backup.manifest, len(migrations())
    if made_by.schema > known:
        what = f"its database has schema {made_by.schema}, this version knows {known}"
        raise BackupFault(f"the backup was made by Veche {made_by.version}, which is newer than this one: {what}")
    return backup


async def restore(
    backup: Backup, target: Path, open_stores: Callable[[], Stores], now: int, *, leaves_out: bool, tell: Tell
) -> Restored:
    """Put a backup into an empty folder, whose lock the caller holds, and into the stores that its settings name.

    With ``leaves_out`` it is restored even where contents of files are lost or damaged; the database never is
    without. Raises ``BackupFault``, ``StorageFault`` or ``BlobFault``; the folder is empty then, as before.
    """
    place = NewPlace(target)
    with explained(target):
        left_out = _look_for_all(backup, leaves_out=leaves_out)
        mark = place.begin()
        try:
            place.place_files(backup)
            stores = open_stores()
            position = head_after_restore(backup.manifest.position, now)
            try:
                tell("files")
                left_out |= await _bring_contents(backup, stores.blobs, left_out, leaves_out=leaves_out)
                tell("the database")
                _fill(backup, stores.engine, target, position, mark)
            finally:
                await stores.blobs.close()
                stores.engine.close()
        except BaseException:
            place.abandon()
            raise
        place.finish()
    return Restored(backup.manifest, position, tuple(left_out.values()))


def _look_for_all(backup: Backup, *, leaves_out: bool) -> dict[str, str]:
    """See whether all of it is there before anything is written; returns what is wrong with contents, by digest."""
    for fault in backup.missing_files():
        raise Damaged(fault)
    lost: dict[str, str] = {kept.digest: fault for kept, fault in backup.missing_contents()}
    if lost and not leaves_out:
        raise Damaged(f"{next(iter(lost.values()))}{_and_more(len(lost) - 1)}")
    return lost


def _and_more(count: int) -> str:
    return f", and so it is with {count:,} more" if count else ""


async def _bring_contents(backup: Backup, blobs: Blobs, known: dict[str, str], *, leaves_out: bool) -> dict[str, str]:
    left_out: dict[str, str] = {}
    for kept in backup.present():
        if kept.digest in known:
            continue
        try:
            await _bring(backup, blobs, kept)
        except Damaged as fault:
            if not leaves_out:
                raise
            left_out[kept.digest] = str(fault)
    return left_out


async def _bring(backup: Backup, blobs: Blobs, kept: Kept) -> None:
    """Put a content into the store; nothing may delete it there, because no server runs yet."""
    incoming = await blobs.begin()
    try:
        for part in backup.content_parts(kept):
            await incoming.add(part)
        if await incoming.keep() != kept.digest:
            raise BlobFault(f"the store took {kept.digest} for something else")
        incoming.release()
    finally:
        await incoming.discard()


def _fill(backup: Backup, engine: Engine, target: Path, position: Position, mark: str) -> None:
    def finish(run: Run) -> None:
        go_on_from(run, position, mark)

    engine.claim()
    fill_database(engine, backup, finish, mark, target)
