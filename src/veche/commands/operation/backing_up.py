"""Backing up: a copy of everything, made beside the server's work, whole or not at all.

Why it is made as it is stands in docs/decisions/0019-the-form-of-a-backup.md.
"""

import logging
from contextlib import aclosing
from datetime import datetime
from pathlib import Path

from veche.commands.context import Context
from veche.domain.accounts import may_administer
from veche.domain.operation.backups import Kept, Outcome, Wish, is_due
from veche.domain.refusals import Refusal, Refused, refuse
from veche.domain.sessions import Asker
from veche.storage.blobs import BlobFault, BlobMissing
from veche.storage.engines import StorageFault
from veche.storage.operation.aside import Aside
from veche.storage.operation.faults import BackupFault, explained
from veche.storage.operation.making import Making
from veche.storage.operation.pace import Pace
from veche.storage.operation.shelf import Shelf
from veche.storage.operation.standing import last_outcome, note_outcome

UNDER_WAY = Refusal("M_LIMIT_EXCEEDED", 429, "A backup is being made already.")
_log = logging.getLogger("veche.backup")


async def begin_backup(ctx: Context, asker: Asker, wish: Wish) -> int:
    """Begin to make a backup and return its number; how it goes on is told by ``ctx.live.condition.backups``."""
    refuse(may_administer(asker))
    backups = ctx.live.condition.backups
    refuse(UNDER_WAY if backups.is_under_way else None)
    return backups.begin(back_up(ctx, asker, wish))


async def begin_due_backup(ctx: Context, asker: Asker, now: datetime) -> int | None:
    """Begin the backup that the settings ask for if it is due at ``now``, a time of the clock on the wall."""
    limits, backups = ctx.limits, ctx.live.condition.backups
    last = backups.last or await ctx.reader.run(last_outcome)
    if backups.is_under_way or not is_due(now, limits.backup_hour, last):
        return None
    wish = Wish(limits.backup_folder, None, limits.backup_passphrase_file, limits.backup_copies)
    return await begin_backup(ctx, asker, wish)


async def back_up(ctx: Context, asker: Asker, wish: Wish) -> Outcome:
    """Make a backup, write down how that ended, and return it: what went wrong is part of the outcome."""
    refuse(may_administer(asker))
    begun = ctx.clock()
    try:
        with explained(Path(wish.folder)):
            outcome = await _made(ctx, wish, begun)
        _log.info("backed up to %s: position %d, %d bytes", outcome.folder, outcome.position, outcome.bytes)
    except (BackupFault, StorageFault, BlobFault) as fault:
        outcome = Outcome(begun, ctx.clock(), folder=wish.folder, fault=str(fault))
        _log.error("no backup was made in %s: %s", wish.folder, fault)
    except Exception:
        outcome = Outcome(begun, ctx.clock(), folder=wish.folder, fault="something unexpected happened; see the log")
        _log.exception("no backup was made in %s", wish.folder)
    ctx.live.condition.backups.last = outcome
    try:
        await ctx.writer.run(lambda tx: note_outcome(tx, outcome))
    except Refused as refused:
        _log.warning("how the backup ended could not be written down: %s", refused.refusal.text)
    return outcome


async def _made(ctx: Context, wish: Wish, begun: int) -> Outcome:
    pace = Pace()
    aside, making = Aside(pace), Making(Shelf(Path(wish.folder)), ctx.outside.home.data, pace, begun)
    backups = ctx.live.condition.backups
    backups.done = lambda: pace.done
    try:
        with ctx.live.media.doomed.nobody():  # what the copy refers to must not be swept away under it
            backups.stage = "copying the database"
            await aside.run(making.begin, wish)
            await aside.run(making.copy, ctx.writer)
            backups.stage = "copying files"
            await aside.run(making.place)
            missing = await _copy_contents(ctx, aside, making)
        manifest, folder = await aside.run(making.finish, ctx.outside.home.version, ctx.limits.server_name, ctx.clock())
        if wish.keeps is not None:
            backups.stage = "removing old backups"
            for name in await aside.run(making.tidy, ctx.limits.server_name, wish.keeps):
                _log.info("the old backup %s was removed", name)
        return Outcome(begun, ctx.clock(), str(folder), manifest.position, manifest.bytes, missing)
    finally:
        await aside.run(making.close)
        aside.close()


async def _copy_contents(ctx: Context, aside: Aside, making: Making) -> int:
    """Copy the contents that no earlier backup has; return how many the store has lost."""
    missing = 0
    for kept in await aside.run(making.absent):
        if not await _copy_content(ctx, aside, making, kept):
            missing += 1
            _log.warning("the contents %s are not in the store, and not in the backup", kept.digest)
    return missing


async def _copy_content(ctx: Context, aside: Aside, making: Making, kept: Kept) -> bool:
    file = await aside.run(making.new_content, kept)
    try:
        async with aclosing(ctx.blobs.read(kept.digest)) as parts:
            async for part in parts:
                await aside.run(file.write, part)
        await aside.run(making.keep_content, kept, file)
    except BlobMissing:
        await aside.run(making.miss_content, kept, file)
        return False
    except BaseException:
        file.discard()
        raise
    return True
