"""Making thumbnails: one at a time for each picture and size, in the process for images; failures are remembered."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from veche.commands.context import Context
from veche.commands.media.keeping import Kept, kept
from veche.domain.ids import Digest
from veche.domain.media import NO_FILE, NOT_YET, MediaId, Size, may_read
from veche.domain.media.thumbnails import FAULTS, Fault, Thumbnail, is_final
from veche.domain.refusals import Refused, refuse
from veche.domain.sessions import Asker
from veche.integrations.imaging import records as imaging
from veche.integrations.imaging.records import NotAPicture, Picture, PictureTooLarge
from veche.storage.media import FileStanding, contents, explained, files, thumbnails
from veche.storage.rows import Rows
from veche.storage.writer import Transaction


async def make_thumbnail(ctx: Context, asker: Asker, media_id: MediaId, size: Size) -> None:
    """Make a thumbnail of a file that the asker may read, or wait for whoever is making it.

    Refuses with 404 for whoever may not read it, 504 where it has not been uploaded, 400 M_UNKNOWN where it is no
    picture, 413 where it is too large, 503 where too many are being made. Of one person's wishes few are dealt with
    at a time.
    """
    async with ctx.live.media.turns.of(asker.user):
        await _make_or_wait(ctx, asker, media_id, size)


async def _make_or_wait(ctx: Context, asker: Asker, media_id: MediaId, size: Size) -> None:
    flights = ctx.live.media.thumbnails
    while True:
        source, known = await ctx.reader.run(lambda at: _known(at, ctx, asker, media_id, size))
        if known is not None:
            refuse(FAULTS[known.fault] if known.fault is not None else None)
            return
        ended = flights.under_way((source, size))
        if ended is not None:
            await ended.wait()
            continue
        with flights.begin((source, size)):
            await _make(ctx, source, size)


def _known(rows: Rows, ctx: Context, asker: Asker, media_id: MediaId, size: Size) -> tuple[Digest, Thumbnail | None]:
    """Return the file's contents, and what is known of that thumbnail if it is still to be believed."""
    file, now = files.find(rows, media_id), ctx.clock()
    if file is None:
        raise Refused(NO_FILE)
    refuse(may_read(file, asker.user, FileStanding(rows, file, asker.user), now))
    if file.digest is None:
        raise Refused(NOT_YET)
    known = thumbnails.find(rows, file.digest, size.name)
    return file.digest, known if known is not None and is_final(known, now) else None


async def _make(ctx: Context, source: Digest, size: Size) -> None:
    try:
        picture = await _picture(ctx, source, size)
    except NotAPicture:
        await _note_failure(ctx, source, size, "no picture")
    except PictureTooLarge:
        await _note_failure(ctx, source, size, "too large")
    else:
        async with kept(ctx, _parts(picture), None) as content:
            made = _thumbnail(ctx, source, size, picture, content)
            await ctx.writer.run(lambda tx: _put(tx, made))


async def _picture(ctx: Context, source: Digest, size: Size) -> Picture:
    wanted = imaging.Size(size.width, size.height, size.method, size.animated)
    with explained():
        async with aclosing(ctx.blobs.read(source)) as parts:
            return await ctx.outside.imaging.thumbnail(parts, wanted)


async def _parts(picture: Picture) -> AsyncIterator[bytes]:
    yield picture.body


def _thumbnail(ctx: Context, source: Digest, size: Size, picture: Picture, content: Kept) -> Thumbnail:
    return Thumbnail(source, size.name, content.digest, content.size, picture.content_type, None, ctx.clock())


async def _note_failure(ctx: Context, source: Digest, size: Size, fault: Fault) -> None:
    """Remember that no thumbnail can be made: the picture would only fail again."""
    failed = Thumbnail(source, size.name, None, 0, "", fault, ctx.clock())
    await ctx.writer.run(lambda tx: _put(tx, failed))


def _put(tx: Transaction, made: Thumbnail) -> None:
    if not contents.has_file(tx, made.source):
        raise Refused(NO_FILE)  # removed meanwhile: nothing of it may stay
    thumbnails.put(tx, made)
