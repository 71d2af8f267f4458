"""Uploading: at once, or announced first and filled later (section Content repository)."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import msgspec

from veche.commands.context import Context
from veche.commands.encryption.accepting import expect_device
from veche.commands.media.allowing import allowed
from veche.commands.media.keeping import Kept, kept
from veche.domain.media import (
    NO_FILE,
    File,
    MediaId,
    clean_name,
    declared_type,
    is_media_id,
    may_be_so_large,
    may_create,
    may_keep,
    media_uri,
)
from veche.domain.moderation import may_go_on, may_take_part
from veche.domain.refusals import Refusal, Refused, forbidden, refuse
from veche.domain.sessions import Asker
from veche.storage import moderation
from veche.storage.media import files
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

NOT_YOURS = forbidden("Somebody else has announced that file.")
FILLED = Refusal("M_CANNOT_OVERWRITE_MEDIA", 409, "That file has been uploaded already.")
_ID_BYTES = 18


class Upload(msgspec.Struct, frozen=True):
    """What a client sends: ``length`` in bytes, as far as it says; type and name as it gives them."""

    parts: AsyncIterator[bytes]
    length: int | None
    content_type: str
    file_name: str | None


class Announced(msgspec.Struct, frozen=True):
    """A file that may be uploaded until that time."""

    uri: str
    expires_ts: int


async def upload(ctx: Context, asker: Asker, sent: Upload) -> str:
    """Take in a file and return its address.

    Refuses with 413 M_TOO_LARGE, 403 over the person's quota, 429 for too many at once, 507 and 503 for the store's
    faults, each as soon as it shows; nothing is left of it then.
    """
    media_id = _new_id(ctx)
    async with _taken_in(ctx, asker, sent) as content:
        await ctx.writer.run(lambda tx: _add(tx, ctx, asker, _file(ctx, asker, media_id, sent, content)))
    return media_uri(ctx.limits.server_name, media_id)


async def announce(ctx: Context, asker: Asker) -> Announced:
    """Give a file an address before it is uploaded; refuses with 429 where too many are pending."""
    refuse(may_take_part(asker))
    now, media_id = ctx.clock(), _new_id(ctx)
    file = File(media_id, asker.user, now, now + ctx.limits.pending_upload_ms, None, 0, "", None, is_loose=True)

    def work(tx: Transaction) -> None:
        refuse(may_create(files.pending(tx, asker.user, now), ctx.limits))
        files.add(tx, file)

    await ctx.writer.run(work)
    return Announced(media_uri(ctx.limits.server_name, media_id), now + ctx.limits.pending_upload_ms)


async def fill(ctx: Context, asker: Asker, server: str, media_id: str, sent: Upload) -> None:
    """Upload what was announced.

    Refuses as ``upload`` does, and with 404 for what is unknown or has expired, 403 for what somebody else announced,
    409 M_CANNOT_OVERWRITE_MEDIA for what has been uploaded.
    """
    if server != ctx.limits.server_name or not is_media_id(media_id):
        raise Refused(NO_FILE)
    name = MediaId(media_id)
    await ctx.reader.run(lambda at: _pending(at, ctx, asker, name))
    async with _taken_in(ctx, asker, sent) as content:
        await ctx.writer.run(lambda tx: _fill(tx, ctx, asker, _file(ctx, asker, name, sent, content)))


@asynccontextmanager
async def _taken_in(ctx: Context, asker: Asker, sent: Upload) -> AsyncIterator[Kept]:
    """Store what is sent, as far as quotas go, and hold it while its row is committed inside."""
    announced = sent.length or 0
    refuse(may_take_part(asker) or may_be_so_large(announced, ctx.limits))
    async with (
        allowed(ctx, asker.user, announced) as allowance,
        kept(ctx, sent.parts, sent.length, allowance) as content,
    ):
        yield content


def _new_id(ctx: Context) -> MediaId:
    return MediaId(base64.urlsafe_b64encode(ctx.random(_ID_BYTES)).decode())


def _file(ctx: Context, asker: Asker, media_id: MediaId, sent: Upload, content: Kept) -> File:
    return File(
        media_id,
        asker.user,
        ctx.clock(),
        None,
        content.digest,
        content.size,
        declared_type(sent.content_type),
        clean_name(sent.file_name),
        is_loose=True,
    )


def _add(tx: Transaction, ctx: Context, asker: Asker, file: File) -> None:
    _expect_leave(tx, ctx, asker)
    _expect_room(tx, ctx, file)
    files.add(tx, file)


def _fill(tx: Transaction, ctx: Context, asker: Asker, file: File) -> None:
    _expect_leave(tx, ctx, asker)
    _pending(tx, ctx, asker, file.media_id)
    _expect_room(tx, ctx, file)
    files.fill(tx, file)
    tx.after(partial(ctx.live.media.arrivals.tell, file.media_id))


def _expect_leave(tx: Transaction, ctx: Context, asker: Asker) -> None:
    """Refuse whoever was locked, suspended or signed out while the upload was under way: it may have taken hours."""
    refuse(may_go_on(moderation.standing(tx, asker.user, ctx.clock())))
    expect_device(tx, asker)


def _expect_room(tx: Transaction, ctx: Context, file: File) -> None:
    refuse(may_keep(file.size, files.usage(tx, file.owner), files.usage(tx), ctx.limits))


def _pending(rows: Rows, ctx: Context, asker: Asker, media_id: MediaId) -> None:
    """Refuse to fill anything but what the asker has announced and may still upload."""
    file = files.find(rows, media_id)
    if file is None or not file.is_there(ctx.clock()):
        raise Refused(NO_FILE)
    if file.owner != asker.user:
        raise Refused(NOT_YOURS)
    if file.digest is not None:
        raise Refused(FILLED)
