"""Sweeping: what nobody uploaded in time, contents that nobody refers to, halves that a crash left behind.

Files that were uploaded and never attached stay: what encrypted rooms carry is of that kind.
"""

from veche.commands.context import Context
from veche.commands.media.deleting import delete_unless_wanted
from veche.domain.ids import Digest
from veche.domain.media import MediaId
from veche.storage.media import attachments, contents, explained, files

AT_ONCE = 500
_FILES_AT_ONCE = 50
_GRACE_MS = 3_600_000
"""Contents and halves younger than this may belong to an upload under way."""


async def expire_announced(ctx: Context) -> None:
    """Give up files that were announced and not uploaded in time."""
    now = ctx.clock()
    while await ctx.writer.run(lambda tx: files.expire(tx, now, AT_ONCE)) == AT_ONCE:
        continue


async def delete_removed(ctx: Context) -> int:
    """Delete the contents of removed files, unless another file has the same; return how many files were dealt with."""
    found = await ctx.reader.run(lambda at: contents.removed(at, _FILES_AT_ONCE))
    for done, (media_id, digest) in enumerate(found):
        await delete_unless_wanted(ctx, digest)
        if ctx.live.media.doomed.is_paused:
            return done  # the others, and this one, have their turn when the pause is over
        await _finish(ctx, media_id)
    return len(found)


async def sweep_store(ctx: Context) -> int:
    """Delete what is in the store and no row speaks of; return how many contents were swept."""
    before, swept, batch = ctx.clock() - _GRACE_MS, 0, list[Digest]()
    with explained():
        async for stored in ctx.blobs.walk():
            if stored.changed_ms < before:
                batch.append(stored.digest)
            if len(batch) == AT_ONCE:
                swept += await _sweep(ctx, batch)
                batch = []
        await ctx.blobs.sweep_incoming(before)
    return swept + await _sweep(ctx, batch)


async def _sweep(ctx: Context, batch: list[Digest]) -> int:
    wanted = await ctx.reader.run(lambda at: contents.wanted(at, batch))
    return sum([await delete_unless_wanted(ctx, digest) for digest in batch if digest not in wanted])


async def _finish(ctx: Context, media_id: MediaId) -> None:
    """Forget what refers to a removed file, in slices, then its contents."""
    while not await ctx.writer.run(lambda tx: attachments.clear(tx, media_id, AT_ONCE)):
        continue
    await ctx.writer.run(lambda tx: contents.forget(tx, media_id))
