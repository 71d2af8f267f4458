"""Signing in by password."""

from veche.commands.context import Context
from veche.commands.sessions import guessing
from veche.commands.sessions.issuing import NewSession, SessionWish, open_session, prepare
from veche.commands.sessions.naming import ByAddress, meant
from veche.commands.sessions.remembering import note_arrival, note_failure
from veche.domain.accounts.passwords import PASSWORD_TOO_OLD, first_policy, is_too_old
from veche.domain.ids import UserId
from veche.domain.moderation import LOCKED
from veche.domain.refusals import Refusal, Refused
from veche.domain.sessions import WRONG_PASSWORD, Outcome
from veche.storage import accounts, moderation
from veche.storage.accounts import Account, passwords
from veche.storage.writer import Transaction

REFUSALS: dict[Outcome, Refusal] = {
    "wrong password": WRONG_PASSWORD,
    "locked": LOCKED,
    "password too old": PASSWORD_TOO_OLD,
}


async def sign_in(ctx: Context, name: str | ByAddress, password: str, wish: SessionWish) -> tuple[UserId, NewSession]:
    """Sign in with a user id, bare user name or mail address (section Login).

    Refuses with 403 M_FORBIDDEN, the same for a wrong password and for nobody, and with 429 M_LIMIT_EXCEEDED after
    ten wrong passwords in 15 minutes from one address. Whoever knows the password is told with 401 M_USER_LOCKED that
    the account is locked, and with 403 that the password is too old.
    """
    session = prepare(ctx, wish)
    user, counted = await meant(ctx, name)
    subject = f"{counted} {wish.origin.network}"
    account = await guessing.check_password(ctx, user, password, subject)

    def work(tx: Transaction) -> Outcome:
        outcome = outcome_of(tx, ctx, account, subject)
        if outcome == "success":
            open_session(tx, ctx, user, wish.device_name, session)
            note_arrival(tx, ctx, user, session.device, "password", wish.origin)
        else:
            known = user if accounts.find(tx, user) is not None else None
            note_failure(tx, ctx, known, outcome, wish.origin)
        return outcome

    outcome = await ctx.writer.run(work)
    if outcome != "success":
        raise Refused(REFUSALS[outcome])
    return user, session


def outcome_of(tx: Transaction, ctx: Context, account: Account | None, subject: str) -> Outcome:
    """Say what comes of a password that was checked: ``account`` is whose it is; the guesses are forgotten then."""
    if account is None or not guessing.confirm(tx, account, subject):
        return "wrong password"
    return standing(tx, ctx, account)


def standing(tx: Transaction, ctx: Context, account: Account) -> Outcome:
    """Say whether somebody who has proven who they are may sign in now."""
    now = ctx.clock()
    if moderation.is_locked(tx, account.user_id, now):
        return "locked"
    policy = passwords.policy(tx) or first_policy(ctx.limits)
    return "password too old" if is_too_old(account.has_password_since, policy, now) else "success"
