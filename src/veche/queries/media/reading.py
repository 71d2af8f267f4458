"""Reading files: may the asker, is it there, and its contents part by part."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Any

from veche.domain.ids import Digest
from veche.domain.media import NO_FILE, NOT_YET, File, MediaId, is_media_id, may_read
from veche.domain.media.links import is_short
from veche.domain.media.quotas import may_download
from veche.domain.refusals import Refused, refuse
from veche.domain.sessions import Asker
from veche.live.media import Download
from veche.queries.context import ReadContext
from veche.queries.sessions import still_valid
from veche.storage.media import FileStanding, explained, files, links
from veche.storage.rows import Rows

LONGEST_WAIT_MS = 60_000
_LOOK_SECONDS = 1.0


async def file(ctx: ReadContext, asker: Asker, server: str, media_id: str, timeout_ms: int) -> File:
    """Return a file that the asker may read, once it has been uploaded.

    Refuses with 404, for whatever reason, and 504 M_NOT_YET_UPLOADED where it does not come within ``timeout_ms``
    (section Content repository).
    """
    if server != ctx.limits.server_name or not is_media_id(media_id):
        raise Refused(NO_FILE)
    name = MediaId(media_id)
    found = await ctx.reader.run(lambda at: readable(at, ctx, asker, name))
    if found.digest is None:
        found = await _arrived(ctx, asker, name, min(timeout_ms, LONGEST_WAIT_MS))
    return found


async def linked_file(ctx: ReadContext, asker: Asker, short: str) -> File:
    """Return the file that a short link leads to, if the asker may read it; 404 otherwise."""

    def read(at: Rows) -> File:
        link = links.find(at, short) if is_short(short) else None
        if link is None:
            raise Refused(NO_FILE)
        return readable(at, ctx, asker, link.media_id)

    found = await ctx.reader.run(read)
    if found.digest is None:
        raise Refused(NOT_YET)
    return found


async def contents(
    ctx: ReadContext, asker: Asker, digest: Digest, start: int, length: int | None
) -> AsyncGenerator[bytes, None]:
    """Return contents part by part; the first part has been read, so that faults are known before an answer begins.

    Counts as a download of the asker's until it is closed. Refuses with 503 where the store is away or everybody has
    too many of them, 429 where the asker has, 404 where the store has lost the contents.
    """
    downloads = ctx.live.media.downloads
    refuse(may_download(downloads.of(asker.user), downloads.of_all()))
    download = downloads.begin(asker.user)
    parts = ctx.blobs.read(digest, start, length, download.part)
    try:
        with explained():
            first = await anext(parts, None)
    except BaseException:
        try:
            await parts.aclose()
        finally:
            download.end()
        raise
    return _Begun(first, parts, download)


def readable(rows: Rows, ctx: ReadContext, asker: Asker, media_id: MediaId) -> File:
    """Return a file's row if the asker may read it; refuses with 404 otherwise."""
    found = files.find(rows, media_id)
    if found is None:
        raise Refused(NO_FILE)
    refuse(may_read(found, asker.user, FileStanding(rows, found, asker.user), ctx.clock()))
    return found


async def _arrived(ctx: ReadContext, asker: Asker, name: MediaId, timeout_ms: int) -> File:
    """Wait for an upload: listen first, look then, and only then wait; no longer than the asker's session lasts."""
    loop = asyncio.get_running_loop()
    until = loop.time() + timeout_ms / 1000
    while True:
        with ctx.live.media.arrivals.expect(name) as arrival:
            found = await ctx.reader.run(lambda at: readable(at, ctx, asker, name))
            remaining = until - loop.time()
            if found.digest is not None:
                return found
            if remaining <= 0 or ctx.live.notifier.closing:
                raise Refused(NOT_YET)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(arrival.wait(), min(remaining, _LOOK_SECONDS))
        await still_valid(ctx, asker)


class _Begun(AsyncGenerator[bytes, None]):
    """Parts of which the first was read already. Closing it closes what it reads from, also when nobody began."""

    def __init__(self, first: bytes | None, rest: AsyncGenerator[bytes, None], download: Download) -> None:
        self._first = first
        self._rest = rest
        self._download = download

    async def asend(self, value: None) -> bytes:
        first, self._first = self._first, None
        return first if first is not None else await anext(self._rest)

    async def athrow(
        self, kind: Any, value: BaseException | object = None, traceback: TracebackType | None = None
    ) -> bytes:
        await self.aclose()
        raise kind

    async def aclose(self) -> None:
        self._first = None
        try:
            await self._rest.aclose()
        finally:
            self._download.end()
