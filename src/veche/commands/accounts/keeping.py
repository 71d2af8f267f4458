"""Keeping accounts: what happens to one, whoever may decide it. Every way of making or closing one comes here."""

from veche.commands.accounts.forgetting import forget_addresses, forget_resets
from veche.commands.accounts.welcoming import NOTHING_PROMISED, Promise, found_default_rooms, join_rooms
from veche.commands.context import Context
from veche.commands.media.attaching import show_in_profile
from veche.commands.rooms import leave_all_rooms
from veche.commands.sessions.signing_out import end_other_devices
from veche.domain.accounts import NAME_TAKEN, NO_ACCOUNT
from veche.domain.ids import DeviceId, RoomId, UserId, is_user_id
from veche.domain.moderation import may_do_without
from veche.domain.refusals import Refused, refuse
from veche.domain.sessions import Asker
from veche.storage import accounts, moderation, profiles
from veche.storage.accounts import Account, passwords
from veche.storage.rows import Rows
from veche.storage.sessions import short_tokens
from veche.storage.writer import Transaction

ERASED_AT_ONCE = 500
"""Rows erased in one transaction."""


def add_account(
    tx: Transaction, ctx: Context, account: Account, display_name: str | None, promise: Promise = NOTHING_PROMISED
) -> list[RoomId]:
    """Store a new account with its name as it was typed; from now on the server's name is fixed.

    It joins the rooms that everybody shares, which the first administrator founds, and those it was promised. Returns
    the rooms that were founded, for ``gather_everybody``.
    """
    founds = account.role == "administrator" and not accounts.has_administrator(tx)
    if not accounts.add(tx, account):
        raise Refused(NAME_TAKEN)
    accounts.fix_server_name(tx, ctx.limits.server_name)
    if display_name:
        profiles.put(tx, account.user_id, "displayname", display_name)
    tx.after(lambda: ctx.live.people.put(account.user_id, display_name))
    made = found_default_rooms(tx, ctx, account.user_id) if founds else []
    join_rooms(tx, ctx, account.user_id, promise)
    return made


def expect_account(rows: Rows, user: UserId) -> Account:
    """Return somebody's account; 404 where there is none, or it was closed."""
    account = accounts.find(rows, user) if is_user_id(user) else None
    if account is None or account.deactivated_ts is not None:
        raise Refused(NO_ACCOUNT)
    return account


def expect_dispensable(rows: Rows, ctx: Context, user: UserId) -> None:
    """Refuse with 403 the last administrator, with 404 whoever has no account."""
    account = expect_account(rows, user)
    refuse(may_do_without(moderation.target(rows, user, account.role, ctx.clock())))


def set_password(tx: Transaction, ctx: Context, user: UserId, hashed: str, kept: DeviceId | None) -> None:
    """Store a new password; where a device is to be kept all others are signed out.

    Codes and links that could reset it, and tokens that let one more device in, are good for nothing from now on.
    """
    accounts.set_password(tx, user, hashed, ctx.clock())
    passwords.delete_code(tx, user)
    forget_resets(tx, user)
    short_tokens.delete_of(tx, "login", user)
    if kept is not None:
        end_other_devices(tx, ctx, user, kept)


def begin_closing(tx: Transaction, ctx: Context, user: UserId) -> None:
    """End somebody's sessions and role in the transaction that decides to close the account; ``close_account`` follows.

    Refuses with 403 the last administrator. The role goes at once, so that of two who are closed at the same time the
    second is the last. Whoever closes an account hears nothing more, not even of the leaving.
    """
    expect_dispensable(tx, ctx, user)
    accounts.set_role(tx, user, "user")
    forget_addresses(tx, user)
    end_other_devices(tx, ctx, user, None)


async def close_account(ctx: Context, asker: Asker, *, erases: bool) -> None:
    """Leave all rooms, then end the account. Repeating both steps after a crash finishes it.

    ``erases`` also deletes what the account kept for itself alone; its events stay for those who could read them
    then, and others get them as if redacted.
    """
    await leave_all_rooms(ctx, asker)
    while erases and await ctx.writer.run(lambda tx: accounts.erase(tx, asker.user, ERASED_AT_ONCE)):
        continue
    await ctx.writer.run(lambda tx: _closed(tx, ctx, asker.user, erases=erases))


def _closed(tx: Transaction, ctx: Context, user: UserId, *, erases: bool) -> None:
    account = accounts.find(tx, user)
    if account is not None and account.deactivated_ts is None:  # somebody may have made an administrator of them
        begin_closing(tx, ctx, user)
    passwords.delete_code(tx, user)
    accounts.deactivate(tx, user, ctx.clock())
    tx.after(lambda: ctx.live.presence.forget(user))
    tx.after(lambda: ctx.live.people.remove(user))
    while erases and accounts.erase(tx, user, ERASED_AT_ONCE):
        continue  # the little that was written meanwhile
    if erases:
        accounts.mark_erased(tx, user, tx.position)
        show_in_profile(tx, user, None, ctx.clock())
