"""Remembering who signed in, from where, and who tried to; and forgetting it after a while."""

from veche.commands.context import Context
from veche.domain.accounts.passwords import DAY_MS
from veche.domain.ids import DeviceId, UserId
from veche.domain.sessions import Method, Origin, Outcome
from veche.storage import devices
from veche.storage.accounts import passwords
from veche.storage.sessions import history
from veche.storage.writer import Transaction

PRUNED_AT_ONCE = 500
"""Entries forgotten in one transaction."""


def note_arrival(tx: Transaction, ctx: Context, user: UserId, device: DeviceId, method: Method, origin: Origin) -> None:
    """Write down that somebody has signed in, in the history and beside the device."""
    history.add(tx, user, ctx.clock(), method, "success", origin)
    devices.seen(tx, user, device, ctx.clock(), origin)


def note_failure(
    tx: Transaction,
    ctx: Context,
    user: UserId | None,
    outcome: Outcome,
    origin: Origin,
    method: Method = "password",
) -> None:
    """Write down that somebody was not let in; of names that nobody bears only the address is counted.

    One row is written in either case, so that nobody can tell them apart by the time it takes.
    """
    if user is None:
        history.count_stranger(tx, origin.network, ctx.clock())
    else:
        history.add(tx, user, ctx.clock(), method, outcome, origin)


async def forget_old_sign_ins(ctx: Context) -> None:
    """Forget what is older than the setting ``sign_in_history_days``, and reset codes that have ended."""
    oldest = ctx.clock() - ctx.limits.sign_in_history_days * DAY_MS
    while await ctx.writer.run(lambda tx: _forget(tx, ctx, oldest)):
        continue


def _forget(tx: Transaction, ctx: Context, oldest: int) -> bool:
    passwords.delete_codes_before(tx, ctx.clock())
    return history.prune(tx, oldest, PRUNED_AT_ONCE)
