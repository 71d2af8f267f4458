"""Keeping accounts: what happens to one, whoever may decide it. Every way of making or closing one comes here."""

from veche.commands.context import Context
from veche.commands.rooms import leave_all_rooms
from veche.commands.sessions.signing_out import end_other_devices
from veche.domain.accounts import NAME_TAKEN
from veche.domain.ids import DeviceId, UserId
from veche.domain.refusals import Refused
from veche.domain.sessions import Asker
from veche.storage import accounts, profiles
from veche.storage.accounts import Account
from veche.storage.writer import Transaction

ERASED_AT_ONCE = 500
"""Rows erased in one transaction."""


def add_account(tx: Transaction, ctx: Context, account: Account, display_name: str | None) -> None:
    """Store a new account with its name as it was typed; from now on the server's name is fixed."""
    if not accounts.add(tx, account):
        raise Refused(NAME_TAKEN)
    accounts.fix_server_name(tx, ctx.limits.server_name)
    if display_name:
        profiles.put(tx, account.user_id, "displayname", display_name)


def set_password(tx: Transaction, ctx: Context, user: UserId, hashed: str, kept: DeviceId | None) -> None:
    """Store a new password; where a device is to be kept all others are signed out."""
    accounts.set_password(tx, user, hashed)
    if kept is not None:
        end_other_devices(tx, ctx, user, kept)


async def close_account(ctx: Context, asker: Asker, *, erases: bool) -> None:
    """Leave all rooms, then end all sessions and the account. Repeating it after a crash finishes it.

    ``erases`` also deletes what the account kept for itself alone; its events stay.
    """
    await leave_all_rooms(ctx, asker)
    while erases and await ctx.writer.run(lambda tx: accounts.erase(tx, asker.user, ERASED_AT_ONCE)):
        continue
    await ctx.writer.run(lambda tx: _closed(tx, ctx, asker.user, erases=erases))


def _closed(tx: Transaction, ctx: Context, user: UserId, *, erases: bool) -> None:
    end_other_devices(tx, ctx, user, None)
    accounts.deactivate(tx, user, ctx.clock())
    while erases and accounts.erase(tx, user, ERASED_AT_ONCE):
        continue  # the little that was written meanwhile
