"""Lending: tokens that serve for one thing and a short time. With one a service learns whose it is (section OpenID),
with another a further device signs in once (section Token-based login).
"""

from functools import partial

import msgspec

from veche.commands.context import Context
from veche.commands.sessions.issuing import NewSession, SessionWish, new_secret, open_session, prepare
from veche.commands.sessions.reauthenticating import reauthenticate
from veche.commands.sessions.remembering import note_arrival, note_failure
from veche.commands.sessions.signing_in import REFUSALS, standing
from veche.domain.ids import UserId
from veche.domain.moderation import may_take_part
from veche.domain.refusals import Refused, refuse
from veche.domain.sessions import (
    LOGIN_TOKEN_MS,
    OPENID_MS,
    UNKNOWN_LOGIN_TOKEN,
    Asker,
    Outcome,
    digest_of,
    may_ask_for_login_token,
    may_be_vouched_for,
)
from veche.storage import accounts
from veche.storage.sessions import short_tokens
from veche.storage.sessions.short_tokens import Kind
from veche.storage.writer import Transaction

_OPENID = "vco_"
_LOGIN = "vcl_"
_FORGOTTEN_AT_ONCE = 500


class Lent(msgspec.Struct, frozen=True):
    """A token and its lifetime in milliseconds."""

    token: str
    expires_in_ms: int


async def vouch_for(ctx: Context, asker: Asker, user: UserId) -> Lent:
    """Return a token by which another service learns who the asker is; it serves for nothing else.

    Refuses with 403 for anybody else than oneself, and whoever is suspended: others notice who is let in by a service.
    """
    refuse(may_be_vouched_for(asker, user) or may_take_part(asker))
    return await _lend(ctx, asker, "openid", _OPENID, OPENID_MS)


async def let_device_in(ctx: Context, asker: Asker, auth: dict[str, object] | None) -> Lent:
    """Return a token with which one more device of the asker signs in, once.

    The password is asked for each time. Refuses with 400 where the settings do not allow it.
    """
    refuse(may_ask_for_login_token(ctx.limits))
    await reauthenticate(ctx, asker, "make a login token", auth)
    return await _lend(ctx, asker, "login", _LOGIN, LOGIN_TOKEN_MS)


async def sign_in_by_token(ctx: Context, token: str, wish: SessionWish) -> tuple[UserId, NewSession]:
    """Sign in with a login token, which is spent by that.

    Refuses with 403 M_FORBIDDEN a token that is not good any more, and as signing in by password does where its owner
    is locked or has to change the password first.
    """
    session = prepare(ctx, wish)
    found = await ctx.writer.run(partial(_spend, ctx=ctx, digest=digest_of(token), wish=wish, session=session))
    if found is None:
        raise Refused(UNKNOWN_LOGIN_TOKEN)
    user, outcome = found
    if outcome != "success":
        raise Refused(REFUSALS[outcome])
    return user, session


async def forget_ended_tokens(ctx: Context) -> None:
    """Forget the tokens that have ended."""
    while await ctx.writer.run(lambda tx: short_tokens.forget_before(tx, ctx.clock(), _FORGOTTEN_AT_ONCE)):
        continue


async def _lend(ctx: Context, asker: Asker, kind: Kind, prefix: str, lifetime_ms: int) -> Lent:
    token, ends = new_secret(ctx, prefix), ctx.clock() + lifetime_ms
    await ctx.writer.run(lambda tx: short_tokens.add(tx, kind, digest_of(token), asker.user, asker.device, ends))
    return Lent(token, lifetime_ms)


def _spend(
    tx: Transaction, ctx: Context, digest: bytes, wish: SessionWish, session: NewSession
) -> tuple[UserId, Outcome] | None:
    """Use a token up, whatever comes of it; None where there is no such token."""
    found = short_tokens.find(tx, "login", digest, ctx.clock())
    account = accounts.find(tx, found.user_id) if found is not None else None
    if account is None:
        return None
    short_tokens.delete(tx, digest)
    outcome = standing(tx, ctx, account)
    if outcome == "success":
        open_session(tx, ctx, account.user_id, wish.device_name, session)
        note_arrival(tx, ctx, account.user_id, session.device, "login token", wish.origin)
    else:
        note_failure(tx, ctx, account.user_id, outcome, wish.origin, "login token")
    return account.user_id, outcome
