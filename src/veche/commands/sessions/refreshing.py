"""Refreshing: a new pair of tokens for an old refresh token, which stays valid until the new pair is used
(section Refreshing access tokens): an answer that gets lost must not sign anybody out.
"""

from functools import partial

from veche.commands.context import Context
from veche.commands.sessions.issuing import NewSession, forget, new_tokens, store_tokens
from veche.domain.ids import DeviceId, UserId
from veche.domain.moderation import LOCKED
from veche.domain.refusals import Refused
from veche.domain.sessions import UNKNOWN_REFRESH, digest_of
from veche.live.sessions import Use
from veche.storage import devices, sessions
from veche.storage.writer import Transaction

SLICE = 500
"""Uses written down in one transaction."""


async def refresh(ctx: Context, token: str) -> NewSession:
    """Return a new access and refresh token.

    Refuses with 401 M_UNKNOWN_TOKEN a token that is unknown, or whose successor has been used; M_USER_LOCKED where
    its owner is locked.
    """
    used = ctx.live.sessions.used()
    tokens = new_tokens(ctx, DeviceId(""), is_refreshed=True)
    return await ctx.writer.run(lambda tx: _refreshed(tx, ctx, digest_of(token), tokens, used))


async def note_uses(ctx: Context) -> None:
    """Write down which devices were used lately, and end the refresh tokens whose successors were."""
    while uses := ctx.live.sessions.take_uses(SLICE):
        await ctx.writer.run(partial(_note, ctx=ctx, uses=tuple(uses)))


def _refreshed(tx: Transaction, ctx: Context, digest: bytes, tokens: NewSession, used: frozenset[bytes]) -> NewSession:
    old = sessions.find_refresh(tx, digest)
    if old is not None and old.locked_until > ctx.clock():
        raise Refused(LOCKED)
    if old is None or (old.next_digest and not used.isdisjoint(sessions.accesses_of(tx, old.next_digest))):
        raise Refused(UNKNOWN_REFRESH)
    _end_predecessors(tx, ctx, old.user_id, old.device_id, digest)
    if old.next_digest is not None:  # its answer was lost, so nobody has that pair
        forget(tx, ctx, old.user_id, old.device_id, sessions.delete_refresh(tx, old.next_digest))
    session = NewSession(old.device_id, tokens.access_token, tokens.refresh_token, tokens.expires_in_ms)
    store_tokens(tx, ctx, old.user_id, session)
    sessions.succeed_refresh(tx, digest, digest_of(tokens.refresh_token or ""))
    return session


def _note(tx: Transaction, ctx: Context, uses: tuple[Use, ...]) -> None:
    for use in uses:
        devices.seen(tx, use.asker.user, use.asker.device, use.ts, use.origin)
        refresh = sessions.refresh_of(tx, use.asker.digest)
        if refresh is not None:
            _end_predecessors(tx, ctx, use.asker.user, use.asker.device, refresh)


def _end_predecessors(tx: Transaction, ctx: Context, user: UserId, device: DeviceId, digest: bytes) -> None:
    for old in sessions.predecessors(tx, digest):
        forget(tx, ctx, user, device, sessions.delete_refresh(tx, old))
