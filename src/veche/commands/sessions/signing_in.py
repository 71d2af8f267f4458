"""Signing in by password."""

from veche.commands.context import Context
from veche.commands.sessions import guessing
from veche.commands.sessions.issuing import NewSession, SessionWish, open_session, prepare
from veche.commands.sessions.naming import user_named
from veche.domain.ids import UserId
from veche.domain.refusals import Refused
from veche.domain.sessions import WRONG_PASSWORD
from veche.storage.accounts import Account
from veche.storage.writer import Transaction


async def sign_in(ctx: Context, name: str, password: str, wish: SessionWish, address: str) -> tuple[UserId, NewSession]:
    """Sign in with a user id or bare user name (section Login).

    Refuses with 403 M_FORBIDDEN, the same for a wrong password and for nobody, and with 429 M_LIMIT_EXCEEDED after
    ten wrong passwords in 15 minutes from one address.
    """
    session = prepare(ctx, wish)
    user = user_named(ctx, name)
    subject = f"{user} {address}"
    account = await guessing.check_password(ctx, user, password, subject)
    if account is None:
        raise Refused(WRONG_PASSWORD)
    await ctx.writer.run(lambda tx: _signed_in(tx, ctx, account, subject, wish, session))
    return user, session


def _signed_in(
    tx: Transaction, ctx: Context, account: Account, subject: str, wish: SessionWish, session: NewSession
) -> None:
    if not guessing.confirm(tx, account, subject):
        raise Refused(WRONG_PASSWORD)
    open_session(tx, ctx, account.user_id, wish.device_name, session)
