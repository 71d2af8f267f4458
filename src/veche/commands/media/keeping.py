"""Keeping contents: streamed into the store, hashed and on disk before any row speaks of them."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from veche.commands.context import Context
from veche.commands.media.allowing import Allowance
from veche.commands.media.deleting import delete_unless_wanted
from veche.domain.ids import Digest
from veche.domain.media import may_be_so_large
from veche.domain.refusals import Refusal, Refused, refuse
from veche.storage.blobs import BlobFault, Incoming
from veche.storage.media import explained

CUT_SHORT = Refusal("M_UNKNOWN", 400, "The body is shorter than its length says.")
_log = logging.getLogger("veche.media")


class Kept(msgspec.Struct, frozen=True):
    """Contents that are on disk."""

    digest: Digest
    size: int


@asynccontextmanager
async def kept(
    ctx: Context, parts: AsyncIterator[bytes], length: int | None, allowance: Allowance | None = None
) -> AsyncIterator[Kept]:
    """Store what comes and hold it while its row is committed inside; whatever fails leaves nothing.

    Refuses with 413 as soon as it is too large, as ``allowance`` does, 400 where less comes than ``length``, 507 and
    503 for the store's faults.
    """
    with explained():
        incoming = await ctx.blobs.begin()
    try:
        await _take(ctx, incoming, parts, allowance)
        if length is not None and incoming.size != length:
            raise Refused(CUT_SHORT)
        with explained():
            digest = await incoming.keep()
        ctx.live.media.doomed.spare(digest)
        if allowance is not None:
            allowance.settle()
        yield Kept(digest, incoming.size)
    except BaseException:
        await _let_go(ctx, incoming)
        await _delete(ctx, incoming)
        raise
    await _let_go(ctx, incoming)


async def _take(ctx: Context, incoming: Incoming, parts: AsyncIterator[bytes], allowance: Allowance | None) -> None:
    async for part in parts:
        refuse(may_be_so_large(incoming.size + len(part), ctx.limits))
        if allowance is not None:
            await allowance.take(len(part))
        with explained():
            await incoming.add(part)


async def _let_go(ctx: Context, incoming: Incoming) -> None:
    """End the hold, in this order: whoever means to delete it is told before he may."""
    if incoming.digest is not None:
        ctx.live.media.doomed.spare(incoming.digest)
    try:
        await incoming.discard()
    except BlobFault as fault:  # what is left is swept later
        _log.warning("half an upload could not be removed: %s", fault)


async def _delete(ctx: Context, incoming: Incoming) -> None:
    """Delete what was stored for a row that will never be, unless another one wants it."""
    if incoming.digest is None:
        return
    try:
        with explained():
            is_there = await ctx.blobs.size(incoming.digest) is not None
        if is_there:
            await delete_unless_wanted(ctx, incoming.digest)
    except Refused as refused:  # what is left is swept later
        _log.warning("contents that were refused could not be deleted: %s", refused.refusal.text)
