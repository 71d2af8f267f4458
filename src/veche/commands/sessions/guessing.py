"""Guessing: every password is counted before it is checked, so that a thousand tries at once are no more than ten."""

from veche.commands.context import Context
from veche.domain.ids import UserId
from veche.domain.refusals import refuse
from veche.domain.sessions import GUESSES_WINDOW_MS, may_guess
from veche.storage import accounts, sessions
from veche.storage.accounts import Account
from veche.storage.writer import Transaction


async def check_password(ctx: Context, user: UserId, password: str, subject: str) -> Account | None:
    """Return the account whose password this is, or None; takes as long where there is no such account.

    ``subject`` is whom the guess is counted against. Refuses with 429 M_LIMIT_EXCEEDED after ten wrong ones in 15
    minutes. Whoever goes on with the account calls ``confirm`` in the transaction.
    """
    account = await ctx.writer.run(lambda tx: _count(tx, ctx.clock(), user, subject))
    matches = await ctx.outside.hashing.verify(account.password_hash if account else None, password)
    return account if matches else None


def confirm(tx: Transaction, account: Account, subject: str) -> bool:
    """Say whether the account is still what its password was checked against, and forget the guesses."""
    if accounts.find(tx, account.user_id) != account:
        return False
    sessions.forget_failures(tx, subject)
    return True


def _count(tx: Transaction, now: int, user: UserId, subject: str) -> Account | None:
    sessions.forget_failures_before(tx, now - GUESSES_WINDOW_MS)
    refuse(may_guess(sessions.failures_since(tx, subject, now - GUESSES_WINDOW_MS), now))
    sessions.add_failure(tx, subject, now)
    return accounts.find(tx, user)
