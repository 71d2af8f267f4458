"""Resetting a forgotten password: an administrator makes a code and hands it over, the person uses it once.

Whoever guesses learns nothing: neither who is here nor who has a code.
"""

import msgspec

from veche.commands.accounts.keeping import expect_account, set_password
from veche.commands.accounts.passwords import expect_another_password, expect_good_password
from veche.commands.context import Context
from veche.commands.operation import note_act
from veche.commands.sessions.naming import user_named
from veche.domain.accounts import may_administer
from veche.domain.accounts.passwords import BAD_CODE, CODE_LENGTH, CODE_MS, bare_code, code_from
from veche.domain.ids import DeviceId, UserId, localpart_of
from veche.domain.refusals import Refused, refuse
from veche.domain.sessions import GUESSES_WINDOW_MS, Asker, Origin, may_guess
from veche.storage import sessions
from veche.storage.accounts import passwords
from veche.storage.accounts.passwords import ResetCode
from veche.storage.sessions import history
from veche.storage.writer import Transaction

_NO_DEVICE = DeviceId("")


class NewCode(msgspec.Struct, frozen=True):
    """A reset code as it is shown once."""

    code: str
    expires_ts: int


async def make_reset_code(ctx: Context, asker: Asker, user: UserId, reason: str = "") -> NewCode:
    """Make a code with which somebody can choose a new password within a day; older codes are worth nothing then."""
    refuse(may_administer(asker))
    new = NewCode(code_from(ctx.random(CODE_LENGTH)), ctx.clock() + CODE_MS)
    hashed = await ctx.outside.hashing.hash(bare_code(new.code))

    def work(tx: Transaction) -> None:
        expect_account(tx, user)
        passwords.put_code(tx, user, ResetCode(hashed, new.expires_ts, 0))
        note_act(tx, ctx, asker, "make reset code", user, reason=reason, expires_ts=new.expires_ts)

    await ctx.writer.run(work)
    return new


async def reset_by_code(ctx: Context, name: str, code: str, password: str, origin: Origin) -> None:
    """Replace the password of whoever ``name`` means, and end all their sessions.

    Refuses with 400 M_WEAK_PASSWORD what the policy forbids, with 403 M_FORBIDDEN a wrong, used or ended code, and
    with 429 M_LIMIT_EXCEEDED after ten tries in 15 minutes from one address.
    """
    user = user_named(ctx, name)
    await expect_good_password(ctx, password, localpart_of(user))
    subject = f"reset {origin.network}"
    found = await ctx.writer.run(lambda tx: _tried(tx, ctx.clock(), user, subject))
    if not await ctx.outside.hashing.verify(found.code_hash if found else None, bare_code(code)) or found is None:
        raise Refused(BAD_CODE)
    await expect_another_password(ctx, user, password)
    await _replace(ctx, user, found, await ctx.outside.hashing.hash(password), origin, subject)


async def _replace(ctx: Context, user: UserId, used: ResetCode, hashed: str, origin: Origin, subject: str) -> None:
    def work(tx: Transaction) -> None:
        now = passwords.find_code(tx, user)
        if now is None or now.code_hash != used.code_hash:  # used or replaced while it was checked
            raise Refused(BAD_CODE)
        sessions.forget_failures(tx, subject)
        set_password(tx, ctx, user, hashed, _NO_DEVICE)
        history.add(tx, user, ctx.clock(), "reset code", "success", origin)

    await ctx.writer.run(work)


def _tried(tx: Transaction, now: int, user: UserId, subject: str) -> ResetCode | None:
    """Count the try, against the address and against the code, before anything is compared."""
    sessions.forget_failures_before(tx, now - GUESSES_WINDOW_MS)
    refuse(may_guess(sessions.failures_since(tx, subject, now - GUESSES_WINDOW_MS), now))
    sessions.add_failure(tx, subject, now)
    return passwords.try_code(tx, user, now)
