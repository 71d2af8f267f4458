"""Changing one's own account: a new password, or closing it; both after the password has been proven."""

from typing import Any

from veche.commands.accounts.keeping import begin_closing, close_account, expect_dispensable, set_password
from veche.commands.accounts.passwords import expect_another_password, expect_good_password
from veche.commands.context import Context
from veche.commands.sessions.reauthenticating import reauthenticate
from veche.domain.ids import localpart_of
from veche.domain.sessions import Asker


async def change_password(
    ctx: Context, asker: Asker, password: str, auth: dict[str, Any] | None, *, ends_other_sessions: bool
) -> None:
    """Replace the asker's password (section Password management); the asking device stays signed in.

    Refuses with 400 M_WEAK_PASSWORD, and with 401 until the old password is proven.
    """
    await expect_good_password(ctx, password, localpart_of(asker.user))
    await reauthenticate(ctx, asker, "change password", auth)
    await expect_another_password(ctx, asker.user, password)
    hashed = await ctx.outside.hashing.hash(password)
    kept = asker.device if ends_other_sessions else None
    await ctx.writer.run(lambda tx: set_password(tx, ctx, asker.user, hashed, kept))


async def deactivate(ctx: Context, asker: Asker, auth: dict[str, Any] | None, *, erases: bool) -> None:
    """Close the asker's account for good (section Account deactivation).

    Refuses with 403 the last administrator, and with 401 until the password is proven.
    """
    await ctx.reader.run(lambda at: expect_dispensable(at, ctx, asker.user))
    await reauthenticate(ctx, asker, "deactivate account", auth)
    await ctx.writer.run(lambda tx: begin_closing(tx, ctx, asker.user))
    await close_account(ctx, asker, erases=erases)
