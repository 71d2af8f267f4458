"""Short links: made by whoever may read a file, ended by whoever made one or administrates."""

from veche.commands.context import Context
from veche.commands.operation import note_act
from veche.domain.media import NO_FILE, Link, MediaId, is_media_id, may_read, may_revoke, short_text
from veche.domain.media.links import NO_LINK, RANDOM_BYTES, is_short
from veche.domain.moderation import may_take_part
from veche.domain.refusals import Refused, refuse
from veche.domain.sessions import Asker
from veche.storage.media import FileStanding, files, links
from veche.storage.writer import Transaction


async def link_file(ctx: Context, asker: Asker, media_id: str) -> Link:
    """Return the asker's link to a file, made now or before; 404 where they may not read it."""
    refuse(may_take_part(asker))
    if not is_media_id(media_id):
        raise Refused(NO_FILE)
    return await ctx.writer.run(lambda tx: _link(tx, ctx, asker, MediaId(media_id)))


async def revoke_link(ctx: Context, asker: Asker, short: str) -> None:
    """End a link; 404 unless it is the asker's, or the asker administrates."""
    if not is_short(short):
        raise Refused(NO_LINK)

    await ctx.writer.run(lambda tx: _revoke(tx, ctx, asker, short))


def _revoke(tx: Transaction, ctx: Context, asker: Asker, short: str) -> None:
    link = links.find(tx, short)
    refuse(may_revoke(link, asker))
    assert link is not None
    links.revoke(tx, short, asker.user, ctx.clock())
    if link.creator != asker.user:
        note_act(tx, ctx, asker, "revoke link", link.creator, media_id=link.media_id)


def _link(tx: Transaction, ctx: Context, asker: Asker, media_id: MediaId) -> Link:
    file, now = files.find(tx, media_id), ctx.clock()
    if file is None:
        raise Refused(NO_FILE)
    refuse(may_read(file, asker.user, FileStanding(tx, file, asker.user), now))
    present = links.of_file(tx, media_id, asker.user)
    while present is None:
        made = Link(short_text(ctx.random(RANDOM_BYTES)), media_id, asker.user, now, file.file_name)
        present = made if links.add(tx, made) else None
    return present
