"""Administering accounts and registration tokens: what an administrator, or whoever runs the server, may do."""

import base64

from veche.commands.accounts.keeping import add_account, close_account, set_password
from veche.commands.context import Context
from veche.domain.accounts import (
    NO_ACCOUNT,
    NO_TOKEN,
    TOKEN_EXISTS,
    RegistrationToken,
    folded,
    may_administer,
    may_be_token,
    may_bear,
    may_choose_password,
)
from veche.domain.ids import DeviceId, UserId, is_user_id, localpart_of, user_id
from veche.domain.refusals import Refused, refuse
from veche.domain.sessions import Asker, Role
from veche.storage import accounts, sessions
from veche.storage.accounts import Account
from veche.storage.writer import Transaction

_NO_DEVICE = DeviceId("")
_TOKEN_BYTES = 15


async def create_account(ctx: Context, asker: Asker, name: str, password: str, role: Role) -> UserId:
    """Make an account; refuses names and passwords as registering does."""
    refuse(may_administer(asker))
    refuse(may_bear(folded(name), ctx.limits))
    refuse(may_choose_password(password, folded(name), ctx.limits))
    user = user_id(folded(name), ctx.limits.server_name)
    account = Account(user, await ctx.outside.hashing.hash(password), role, ctx.clock())
    await ctx.writer.run(lambda tx: add_account(tx, ctx, account, name))
    return user


async def reset_password(ctx: Context, asker: Asker, user: UserId, password: str) -> None:
    """Give an account a new password and end all its sessions."""
    refuse(may_administer(asker))
    refuse(may_choose_password(password, localpart_of(user), ctx.limits))
    hashed = await ctx.outside.hashing.hash(password)

    def work(tx: Transaction) -> None:
        _expect_account(tx, user)
        set_password(tx, ctx, user, hashed, _NO_DEVICE)

    await ctx.writer.run(work)


async def set_role(ctx: Context, asker: Asker, user: UserId, role: Role) -> None:
    """Make somebody an administrator or an ordinary user; sessions under way learn of it at once."""
    refuse(may_administer(asker))

    def work(tx: Transaction) -> None:
        _expect_account(tx, user)
        accounts.set_role(tx, user, role)
        known = sessions.all_of(tx, user)
        tx.after(lambda: ctx.live.sessions.drop(*known))

    await ctx.writer.run(work)


async def deactivate_account(ctx: Context, asker: Asker, user: UserId, *, erases: bool) -> None:
    """Close somebody's account for good, as its owner could (section Account deactivation)."""
    refuse(may_administer(asker))
    await ctx.writer.run(lambda tx: _expect_account(tx, user))
    await close_account(ctx, Asker(user, _NO_DEVICE), erases=erases)


async def add_registration_token(
    ctx: Context, asker: Asker, text: str | None, uses: int | None, lifetime_ms: int | None
) -> str:
    """Make a registration token, with a text of its own making where none is given; return its text."""
    refuse(may_administer(asker))
    text = text or base64.b32encode(ctx.random(_TOKEN_BYTES)).decode().lower()
    refuse(may_be_token(text))
    now = ctx.clock()
    token = RegistrationToken(text, uses, 0, None if lifetime_ms is None else now + lifetime_ms, now)

    def work(tx: Transaction) -> None:
        if not accounts.add_token(tx, token):
            raise Refused(TOKEN_EXISTS)

    await ctx.writer.run(work)
    return text


async def revoke_registration_token(ctx: Context, asker: Asker, text: str) -> None:
    """Make a registration token invalid; refuses one that does not exist."""
    refuse(may_administer(asker))
    refuse(may_be_token(text))

    def work(tx: Transaction) -> None:
        if accounts.find_token(tx, text) is None:
            raise Refused(NO_TOKEN)
        accounts.revoke_token(tx, text, ctx.clock())

    await ctx.writer.run(work)


def _expect_account(tx: Transaction, user: UserId) -> None:
    account = accounts.find(tx, user) if is_user_id(user) else None
    if account is None or account.deactivated_ts is not None:
        raise Refused(NO_ACCOUNT)
