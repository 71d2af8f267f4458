"""Administering accounts: what an administrator, or whoever runs the server, may do to other people's."""

from veche.commands.accounts.keeping import (
    add_account,
    begin_closing,
    close_account,
    expect_account,
    expect_dispensable,
    set_password,
)
from veche.commands.accounts.passwords import expect_good_password
from veche.commands.accounts.welcoming import found_default_rooms, gather_everybody
from veche.commands.context import Context
from veche.commands.operation import note_act
from veche.domain.accounts import folded, may_administer, may_bear
from veche.domain.ids import DeviceId, RoomId, UserId, localpart_of, user_id
from veche.domain.refusals import refuse
from veche.domain.sessions import Asker, Role
from veche.storage import accounts, sessions
from veche.storage.accounts import Account
from veche.storage.writer import Transaction

_NO_DEVICE = DeviceId("")


async def create_account(ctx: Context, asker: Asker, name: str, password: str, role: Role) -> UserId:
    """Make an account; refuses names and passwords as registering does."""
    refuse(may_administer(asker))
    refuse(may_bear(folded(name), ctx.limits))
    await expect_good_password(ctx, password, folded(name))
    user = user_id(folded(name), ctx.limits.server_name)
    account = Account(user, await ctx.outside.hashing.hash(password), role, ctx.clock())

    def work(tx: Transaction) -> list[RoomId]:
        made = add_account(tx, ctx, account, name)
        note_act(tx, ctx, asker, "create account", user, role=role)
        return made

    await gather_everybody(ctx, await ctx.writer.run(work))
    return user


async def reset_password(ctx: Context, asker: Asker, user: UserId, password: str) -> None:
    """Give an account a new password and end all its sessions."""
    refuse(may_administer(asker))
    await expect_good_password(ctx, password, localpart_of(user))
    hashed = await ctx.outside.hashing.hash(password)

    def work(tx: Transaction) -> None:
        expect_account(tx, user)
        set_password(tx, ctx, user, hashed, _NO_DEVICE)
        note_act(tx, ctx, asker, "set password", user)

    await ctx.writer.run(work)


async def set_role(ctx: Context, asker: Asker, user: UserId, role: Role, reason: str = "") -> None:
    """Make somebody an administrator or an ordinary user; sessions under way learn of it at once.

    Refuses with 403 to take the role from the last administrator who is neither locked nor suspended.
    """
    refuse(may_administer(asker))

    def work(tx: Transaction) -> list[RoomId]:
        expect_account(tx, user)
        if role != "administrator":
            expect_dispensable(tx, ctx, user)
        note_act(tx, ctx, asker, "set role", user, reason=reason, role=role)
        founds = role == "administrator" and not accounts.has_administrator(tx)
        accounts.set_role(tx, user, role)
        made = found_default_rooms(tx, ctx, user) if founds else []
        known = sessions.all_of(tx, user)
        tx.after(lambda: ctx.live.sessions.drop(*known))
        return made

    await gather_everybody(ctx, await ctx.writer.run(work))


async def deactivate_account(ctx: Context, asker: Asker, user: UserId, *, erases: bool, reason: str = "") -> None:
    """Close somebody's account for good, as its owner could (section Account deactivation).

    Refuses with 403 to close the last administrator's, also for whoever runs the server.
    """
    refuse(may_administer(asker))

    def work(tx: Transaction) -> None:
        expect_account(tx, user)
        note_act(tx, ctx, asker, "deactivate", user, reason=reason, erases=erases)
        begin_closing(tx, ctx, user)

    await ctx.writer.run(work)
    await close_account(ctx, Asker(user, _NO_DEVICE), erases=erases)
