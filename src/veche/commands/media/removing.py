"""Removing: a file goes by the will of its owner or an administrator; its row stays and says so."""

from functools import partial

from veche.commands.context import Context
from veche.commands.operation import note_act
from veche.domain.media import NO_FILE, MediaId, is_media_id, may_remove
from veche.domain.refusals import Refused, refuse
from veche.domain.sessions import Asker
from veche.storage.media import files
from veche.storage.writer import Transaction


async def remove_file(ctx: Context, asker: Asker, media_id: str, reason: str = "") -> None:
    """Remove a file for good; its contents follow soon. 404 unless it is the asker's, or the asker administrates."""
    if not is_media_id(media_id):
        raise Refused(NO_FILE)
    await ctx.writer.run(lambda tx: _remove(tx, ctx, asker, MediaId(media_id), reason))


def _remove(tx: Transaction, ctx: Context, asker: Asker, media_id: MediaId, reason: str) -> None:
    file, now = files.find(tx, media_id), ctx.clock()
    refuse(may_remove(file, asker, now))
    assert file is not None
    is_own = file.owner == asker.user
    files.remove(tx, file, now, "by its owner" if is_own else "by an administrator")
    if not is_own:
        note_act(tx, ctx, asker, "remove file", file.owner, reason=reason, media_id=media_id)
    tx.after(partial(ctx.live.media.arrivals.tell, media_id))
