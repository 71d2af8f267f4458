"""Accounts: whether a name is free or a token good, and for administrators the lists of both."""

from veche.domain.accounts import (
    NAME_TAKEN,
    REGISTRATION_CLOSED,
    AccountEntry,
    RegistrationToken,
    folded,
    may_administer,
    may_bear,
)
from veche.domain.ids import user_id
from veche.domain.refusals import Refused, refuse
from veche.domain.sessions import Asker
from veche.queries.context import ReadContext
from veche.storage import accounts


async def name_is_free(ctx: ReadContext, name: str) -> bool:
    """Answer True, or refuse with 400 M_INVALID_USERNAME or M_USER_IN_USE (section Account registration).

    Where registration is closed nobody needs to know which names there are: 403.
    """
    if ctx.limits.registration == "closed":
        raise Refused(REGISTRATION_CLOSED)
    refuse(may_bear(folded(name), ctx.limits))
    user = user_id(folded(name), ctx.limits.server_name)
    if await ctx.reader.run(lambda at: accounts.find(at, user)):
        raise Refused(NAME_TAKEN)
    return True


async def token_is_valid(ctx: ReadContext, token: str) -> bool:
    """Say whether a registration token is valid now; 403 where registration is closed."""
    if ctx.limits.registration == "closed":
        raise Refused(REGISTRATION_CLOSED)
    return await ctx.reader.run(lambda at: accounts.token_is_valid(at, token, ctx.clock()))


async def all_accounts(ctx: ReadContext, asker: Asker) -> list[AccountEntry]:
    """Return all accounts, closed ones too, in the order of their making; for administrators only."""
    refuse(may_administer(asker))
    found = await ctx.reader.run(accounts.everyone)
    return [AccountEntry(each.user_id, each.role, each.created_ts, each.deactivated_ts) for each in found]


async def all_registration_tokens(ctx: ReadContext, asker: Asker) -> list[RegistrationToken]:
    """Return all registration tokens, useless ones too, in the order of their making; for administrators only."""
    refuse(may_administer(asker))
    return await ctx.reader.run(accounts.all_tokens)


async def is_empty(ctx: ReadContext) -> bool:
    """Say whether nobody has an account yet."""
    return not await ctx.reader.run(accounts.exists_any)
