"""Identify: from an access token to the asker."""

from veche.domain.refusals import Refusal, Refused
from veche.domain.sessions import Asker, digest_of
from veche.live.sessions import Use
from veche.queries.context import ReadContext
from veche.storage import sessions

__all__ = ["digest_of", "identify", "still_valid"]

UNKNOWN_TOKEN = Refusal("M_UNKNOWN_TOKEN", 401, "The access token is not known.", extra={"soft_logout": False})
EXPIRED_TOKEN = Refusal("M_UNKNOWN_TOKEN", 401, "The access token has expired.", extra={"soft_logout": True})


async def identify(ctx: ReadContext, token: str, address: str) -> Asker:
    """Return who asks.

    Raises 401 M_UNKNOWN_TOKEN, with ``soft_logout`` where the token has merely expired (section Soft logout).
    """
    digest = digest_of(token)
    known = ctx.live.sessions.find(digest, ctx.clock(), address)
    return known if known is not None else await _look_up(ctx, digest, address)


def known_asker(ctx: ReadContext, digest: bytes, address: str) -> Asker | None:
    """Return the asker whose token was looked up lately; None where the database must be asked."""
    return ctx.live.sessions.find(digest, ctx.clock(), address)


async def still_valid(ctx: ReadContext, asker: Asker) -> None:
    """Refuse, as ``identify`` does, where the asker's session has ended or expired while a long poll waited."""
    if not ctx.live.sessions.knows(asker.digest, ctx.clock()):
        await _look_up(ctx, asker.digest, None)


async def _look_up(ctx: ReadContext, digest: bytes, address: str | None) -> Asker:
    generation, now = ctx.live.sessions.generation, ctx.clock()
    found = await ctx.reader.run(lambda at: sessions.find_access(at, digest))
    if found is None:
        raise Refused(UNKNOWN_TOKEN)
    if found.expires_ts is not None and found.expires_ts <= now:
        raise Refused(EXPIRED_TOKEN)
    asker = Asker(found.user_id, found.device_id, found.role, digest)
    ctx.live.sessions.put(Use(asker, now, address), found.expires_ts, generation)
    return asker
