"""Thumbnails: may the asker, and is there one. Making it is a command."""

from veche.domain.media import MediaId, Size
from veche.domain.media.thumbnails import FAULTS, Thumbnail, is_final
from veche.domain.refusals import Refused
from veche.domain.sessions import Asker
from veche.queries.context import ReadContext
from veche.queries.media.reading import file, readable
from veche.storage.media import thumbnails
from veche.storage.rows import Rows


async def thumbnail(
    ctx: ReadContext, asker: Asker, server: str, media_id: str, size: Size, timeout_ms: int
) -> Thumbnail | None:
    """Return a file's thumbnail of that size, None where nobody has asked for it yet.

    Refuses as reading the file does, and with 400 M_UNKNOWN or 413 M_TOO_LARGE where none can be made.
    """
    await file(ctx, asker, server, media_id, timeout_ms)

    def read(at: Rows) -> Thumbnail | None:
        source = readable(at, ctx, asker, MediaId(media_id)).digest
        return thumbnails.find(at, source, size.name) if source is not None else None

    known = await ctx.reader.run(read)
    if known is None or not is_final(known, ctx.clock()):
        return None
    if known.fault is not None:
        raise Refused(FAULTS[known.fault])
    return known
