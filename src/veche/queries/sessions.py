"""Identify: from an access token to the asker. And who signed in from where."""

from veche.domain.accounts import may_oversee
from veche.domain.ids import UserId
from veche.domain.moderation import LOCKED
from veche.domain.refusals import Refusal, Refused, refuse
from veche.domain.sessions import MOST_SIGN_INS, UNKNOWN_OPENID_TOKEN, Asker, SignIn, Strangers, Whence, digest_of
from veche.live.sessions import Use
from veche.queries.context import ReadContext
from veche.queries.moderation import known
from veche.storage import sessions
from veche.storage.reader import Snapshot
from veche.storage.sessions import AccessToken, history, short_tokens

__all__ = ["digest_of", "identify", "still_valid"]

UNKNOWN_TOKEN = Refusal("M_UNKNOWN_TOKEN", 401, "The access token is not known.", extra={"soft_logout": False})
EXPIRED_TOKEN = Refusal("M_UNKNOWN_TOKEN", 401, "The access token has expired.", extra={"soft_logout": True})


async def identify(ctx: ReadContext, token: str, whence: Whence, *, locked_too: bool = False) -> Asker:
    """Return who asks.

    Raises 401 M_UNKNOWN_TOKEN, with ``soft_logout`` where the token has merely expired (section Soft logout), and
    unless ``locked_too`` 401 M_USER_LOCKED where its owner is locked (section Account locking).
    """
    digest = digest_of(token)
    known = ctx.live.sessions.find(digest, ctx.clock(), whence)
    return known if known is not None else await _look_up(ctx, digest, whence, locked_too=locked_too)


def known_asker(ctx: ReadContext, digest: bytes, whence: Whence) -> Asker | None:
    """Return the asker whose token was looked up lately; None where the database must be asked."""
    return ctx.live.sessions.find(digest, ctx.clock(), whence)


async def still_valid(ctx: ReadContext, asker: Asker) -> None:
    """Refuse, as ``identify`` does, where the asker's session has ended or expired while a long poll waited."""
    if not ctx.live.sessions.knows(asker.digest, ctx.clock()):
        await _look_up(ctx, asker.digest, None)


async def vouched_for(ctx: ReadContext, token: str) -> UserId:
    """Return whose OpenID token that is (server-server API, section OpenID).

    Raises 401 M_UNKNOWN_TOKEN where it is nobody's any more, or its owner is locked or suspended.
    """
    now, digest = ctx.clock(), digest_of(token)
    found = await ctx.reader.run(lambda at: short_tokens.find(at, "openid", digest, now))
    if found is None or found.restricted_until > now:
        raise Refused(UNKNOWN_OPENID_TOKEN)
    return found.user_id


async def own_sign_ins(ctx: ReadContext, asker: Asker, before: int, limit: int) -> list[SignIn]:
    """Return the asker's own history, the newest first: entries numbered below ``before``."""
    return await ctx.reader.run(lambda at: history.of(at, asker.user, before, min(limit, MOST_SIGN_INS)))


async def sign_ins_of(ctx: ReadContext, asker: Asker, user: UserId, before: int, limit: int) -> list[SignIn]:
    """Return somebody's history, the newest first; 404 where there is no such person. For administrators."""
    refuse(may_oversee(asker))

    def read(at: Snapshot) -> list[SignIn]:
        return history.of(at, known(at, user).user_id, before, min(limit, MOST_SIGN_INS))

    return await ctx.reader.run(read)


async def strangers(ctx: ReadContext, asker: Asker, limit: int) -> list[Strangers]:
    """Return from which addresses the names of nobody were tried; for administrators."""
    refuse(may_oversee(asker))
    return await ctx.reader.run(lambda at: history.strangers(at, min(limit, MOST_SIGN_INS)))


async def _look_up(ctx: ReadContext, digest: bytes, whence: Whence | None, *, locked_too: bool = False) -> Asker:
    generation, now = ctx.live.sessions.generation, ctx.clock()
    found = await ctx.reader.run(lambda at: sessions.find_access(at, digest))
    if found is None:
        raise Refused(UNKNOWN_TOKEN)
    is_locked = found.locked_until > now
    if is_locked and not locked_too:
        raise Refused(LOCKED)
    if found.expires_ts is not None and found.expires_ts <= now:
        raise Refused(EXPIRED_TOKEN)
    asker = Asker(found.user_id, found.device_id, found.role, digest, found.suspended_until > now)
    if not is_locked:  # of those who are, memory knows nothing: so nothing must be told when a lock ends
        ctx.live.sessions.put(Use(asker, now, whence() if whence else None), _known_until(found, now), generation)
    return asker


def _known_until(found: AccessToken, now: int) -> int | None:
    """Until when what was read holds: the token's own end, or that of its owner's suspension."""
    ends = [end for end in (found.expires_ts, found.suspended_until) if end is not None and end > now]
    return min(ends, default=None)
