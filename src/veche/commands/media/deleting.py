"""Deleting contents that no row wants: after a removal, in a sweep, and at once where an upload failed at its end."""

from functools import partial

from veche.commands.context import Context
from veche.domain.ids import Digest
from veche.storage.media import contents, explained, thumbnails
from veche.storage.writer import Transaction


async def delete_unless_wanted(ctx: Context, digest: Digest) -> bool:
    """Delete contents and the thumbnails made of them; say whether they were deleted.

    Asked is the writer, after everything that was given to it before: also after the row of an upload whose request
    was cancelled while it waited for the commit.
    """
    if ctx.live.media.doomed.is_paused:
        return False
    with ctx.live.media.doomed.doom(digest) as doom:
        made = await ctx.writer.run(partial(_unwanted, digest=digest))
        if made is None or not doom.stands:
            return False
        with explained():
            was_deleted = await ctx.blobs.delete(digest)
    for thumbnail in made:
        if thumbnail != digest:
            await delete_unless_wanted(ctx, thumbnail)
    return was_deleted


def _unwanted(tx: Transaction, *, digest: Digest) -> list[Digest] | None:
    """Forget the thumbnails of contents that no file has; None where the contents are wanted after all."""
    made = [] if contents.has_file(tx, digest) else thumbnails.drop_all(tx, digest)
    return None if digest in contents.wanted(tx, [digest]) else made
