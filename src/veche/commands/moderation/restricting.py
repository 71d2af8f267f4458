"""Moderation: locking and suspending people, and letting them go on (section Account moderation)."""

from veche.commands.accounts.keeping import expect_account
from veche.commands.context import Context
from veche.commands.operation import note_act
from veche.domain.accounts import may_administer
from veche.domain.ids import UserId
from veche.domain.moderation import FOR_EVER, Restriction, RestrictionKind, may_end_at, may_lift, may_restrict
from veche.domain.refusals import refuse
from veche.domain.sessions import Asker
from veche.storage import moderation, sessions
from veche.storage.writer import Transaction

_UNDOING = {"lock": "unlock", "suspension": "unsuspend"}
_DOING = {"lock": "lock", "suspension": "suspend"}


async def restrict(
    ctx: Context,
    asker: Asker,
    user: UserId,
    kind: RestrictionKind,
    *,
    until_ts: int | None = None,
    reason: str = "",
    spares_administrators: bool = False,
) -> None:
    """Lock or suspend somebody at once; doing it again changes reason and end.

    Sessions stay: they work again when it ends. Long polls of a locked person end. Refuses with 403 oneself and the
    last administrator, with 404 whoever is not here.
    """
    refuse(may_administer(asker))
    refuse(may_end_at(until_ts, ctx.clock()))

    def work(tx: Transaction) -> None:
        now, account = ctx.clock(), expect_account(tx, user)
        target = moderation.target(tx, user, account.role, now)
        refuse(may_restrict(asker, target, spares_administrators=spares_administrators))
        note_act(tx, ctx, asker, _DOING[kind], user, reason=reason, until_ts=until_ts)
        end = FOR_EVER if until_ts is None else until_ts
        moderation.put(tx, Restriction(user, kind, now, end, asker.user, reason))
        _look_again(tx, ctx, user)

    await ctx.writer.run(work)


async def lift(
    ctx: Context,
    asker: Asker,
    user: UserId,
    kind: RestrictionKind,
    *,
    reason: str = "",
    spares_administrators: bool = False,
) -> None:
    """Let somebody go on; nothing happens where they are not restricted. Refuses with 403 to let oneself go."""
    refuse(may_administer(asker))

    def work(tx: Transaction) -> None:
        now, account = ctx.clock(), expect_account(tx, user)
        target = moderation.target(tx, user, account.role, now)
        refuse(may_lift(asker, target, spares_administrators=spares_administrators))
        present = moderation.find(tx, user, kind)
        if present is not None and present.holds(now):
            moderation.lift(tx, user, kind)
            note_act(tx, ctx, asker, _UNDOING[kind], user, reason=reason)
            _look_again(tx, ctx, user)

    await ctx.writer.run(work)


def _look_again(tx: Transaction, ctx: Context, user: UserId) -> None:
    """Once it is on disk, let every session of somebody be looked up anew, those of waiting long polls too."""
    known = sessions.all_of(tx, user)

    def effect() -> None:
        ctx.live.sessions.drop(*known)
        ctx.live.notifier.wake_user(user)

    tx.after(effect)
