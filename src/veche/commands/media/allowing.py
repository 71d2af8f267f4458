"""Allowing: how far an upload may go, its owner's quota and the server's being what they are while it comes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from veche.commands.context import Context
from veche.domain.ids import UserId
from veche.domain.media import Usage, may_begin, may_keep
from veche.domain.refusals import Refusal, refuse
from veche.live.media import UnderWay
from veche.storage.media import files
from veche.storage.rows import Rows

LOOK_AGAIN = 2**20
"""After so many bytes the rows are asked again what is used: other uploads may have ended meanwhile."""


class Allowance:
    """Watches over one upload: what has come of it counts, in memory, until its row decides or it has been removed."""

    def __init__(self, ctx: Context, upload: UnderWay, used: tuple[Usage, Usage]) -> None:
        self._ctx = ctx
        self._upload = upload
        self._used = used
        self._since_look = 0

    async def take(self, size: int) -> None:
        """Count bytes that came; refuse those that do not fit, 403 into the person's quota, 507 into the server's."""
        self._ctx.live.media.uploads.grow(self._upload, size)
        self._since_look += size
        if self._since_look < LOOK_AGAIN and _refusal(self._ctx, self._upload, self._used) is None:
            return
        self._used, self._since_look = await _used(self._ctx, self._upload.user), 0
        refuse(_refusal(self._ctx, self._upload, self._used))

    def settle(self) -> None:
        """Reserve nothing any more: all has come, and the transaction decides that sees all rows."""
        self._ctx.live.media.uploads.settle(self._upload)


@asynccontextmanager
async def allowed(ctx: Context, user: UserId, announced: int) -> AsyncIterator[Allowance]:
    """Begin an upload of so many bytes, 0 where that is not known, and reserve place for it while it comes.

    Refuses as ``Allowance.take`` does, and with 429 where too many of the person's are under way.
    """
    uploads, upload = ctx.live.media.uploads, UnderWay(user, announced)
    used = await _used(ctx, user)
    # From here on nothing waits: of two uploads that fit only one at a time, the first is taken in.
    refuse(may_begin(uploads.of(user)) or _refusal(ctx, upload, used, announced))
    with uploads.begin(upload):
        yield Allowance(ctx, upload, used)


async def _used(ctx: Context, user: UserId) -> tuple[Usage, Usage]:
    def ask(rows: Rows) -> tuple[Usage, Usage]:
        return files.usage(rows, user), files.usage(rows)

    return await ctx.reader.run(ask)


def _refusal(ctx: Context, upload: UnderWay, used: tuple[Usage, Usage], size: int | None = None) -> Refusal | None:
    own, whole = ctx.live.media.uploads.besides(upload)
    had, all_had = used
    return may_keep(
        upload.size if size is None else size,
        Usage(had.files, had.bytes + own),
        Usage(all_had.files, all_had.bytes + whole),
        ctx.limits,
    )
