"""Moderation: accounts as those who look after them see them, and who is locked or suspended."""

from veche.domain.accounts import NO_ACCOUNT, AccountEntry, Hold, may_oversee
from veche.domain.ids import UserId, is_user_id
from veche.domain.moderation import FOR_EVER, Restriction, RestrictionKind, may_look_up
from veche.domain.profiles import DISPLAY_NAME
from veche.domain.refusals import Refused, refuse
from veche.domain.sessions import Asker
from veche.queries.context import ReadContext
from veche.storage import accounts, moderation, profiles
from veche.storage.accounts import Account
from veche.storage.reader import Snapshot

MOST_ACCOUNTS = 500
"""Accounts that are read at once."""


async def accounts_after(ctx: ReadContext, asker: Asker, after: UserId | None, limit: int) -> list[AccountEntry]:
    """Return at most so many accounts in the order of their user ids, those behind ``after``; for administrators."""
    refuse(may_oversee(asker))
    most = min(limit, MOST_ACCOUNTS)
    return await ctx.reader.run(lambda at: entries(at, accounts.after(at, after or UserId(""), most), ctx.clock()))


async def account(ctx: ReadContext, asker: Asker, user: UserId) -> AccountEntry:
    """Return one account, a closed one too; 404 where there is none. For administrators."""
    refuse(may_oversee(asker))
    return await ctx.reader.run(lambda at: entries(at, [known(at, user)], ctx.clock())[0])


async def is_restricted(ctx: ReadContext, asker: Asker, user: UserId, kind: RestrictionKind) -> bool:
    """Say whether somebody is locked or suspended (section Server Administration).

    Refuses with 403 whoever is no administrator and where the other one is, with 404 accounts that are closed.
    """
    refuse(may_oversee(asker))

    def read(at: Snapshot) -> bool:
        found = known(at, user)
        if found.deactivated_ts is not None:
            raise Refused(NO_ACCOUNT)
        refuse(may_look_up(moderation.target(at, user, found.role, ctx.clock())))
        restriction = moderation.find(at, user, kind)
        return restriction is not None and restriction.holds(ctx.clock())

    return await ctx.reader.run(read)


def known(at: Snapshot, user: UserId) -> Account:
    """Return somebody's account; 404 where there is none."""
    found = accounts.find(at, user) if is_user_id(user) else None
    if found is None:
        raise Refused(NO_ACCOUNT)
    return found


def entries(at: Snapshot, found: list[Account], now: int) -> list[AccountEntry]:
    """Return accounts with what people are called and how they are restricted."""
    names = profiles.names_of(at, [one.user_id for one in found])
    restrictions = moderation.all_of(at, found[0].user_id) if len(found) == 1 else moderation.everything(at)
    holding = {(one.user, one.kind): one for one in restrictions if one.holds(now)}
    return [
        AccountEntry(
            one.user_id,
            one.role,
            one.created_ts,
            one.deactivated_ts,
            names.get(one.user_id, {}).get(DISPLAY_NAME),
            _hold(holding.get((one.user_id, "lock"))),
            _hold(holding.get((one.user_id, "suspension"))),
        )
        for one in found
    ]


def _hold(restriction: Restriction | None) -> Hold | None:
    if restriction is None:
        return None
    until = None if restriction.until_ts == FOR_EVER else restriction.until_ts
    return Hold(restriction.since_ts, until, restriction.by or None, restriction.reason)
