"""Keeping contents: streamed into the store, hashed and on disk before any row speaks of them."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from veche.commands.context import Context
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
async def kept(ctx: Context, parts: AsyncIterator[bytes], length: int | None) -> AsyncIterator[Kept]:
    """Store what comes and hold it while its row is committed inside; whatever fails leaves nothing.

    Refuses with 413 as soon as it is too large, 400 where less comes than ``length``, 507 and 503 for the store's
    faults.
    """
    with explained():
        incoming = await ctx.blobs.begin()
    try:
        await _take(ctx, incoming, parts)
        if length is not None and incoming.size != length:
            raise Refused(CUT_SHORT)
        with explained():
            digest = await incoming.keep()
        ctx.live.media.doomed.spare(digest)
        try:
            yield Kept(digest, incoming.size)
        finally:
            ctx.live.media.doomed.spare(digest)
            incoming.release()
    finally:
        await _discard(incoming)


async def _take(ctx: Context, incoming: Incoming, parts: AsyncIterator[bytes]) -> None:
    async for part in parts:
        refuse(may_be_so_large(incoming.size + len(part), ctx.limits))
        with explained():
            await incoming.add(part)


async def _discard(incoming: Incoming) -> None:
    try:
        await incoming.discard()
    except BlobFault as fault:  # what is left is swept later
        _log.warning("half an upload could not be removed: %s", fault)
