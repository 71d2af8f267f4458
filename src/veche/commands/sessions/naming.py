"""Naming: whom a client means by a user id, a bare user name, an identifier object or the older ``user`` field."""

from typing import Any

import msgspec

from veche.commands.context import Context
from veche.domain.accounts import folded
from veche.domain.accounts.addresses import may_be_address
from veche.domain.ids import UserId, is_user_id, user_id
from veche.storage.accounts import addresses

NOBODY = UserId("")


class ByAddress(msgspec.Struct, frozen=True):
    """Somebody is named by a canonical mail address."""

    address: str


async def meant(ctx: Context, name: str | ByAddress) -> tuple[UserId, str]:
    """Return whom a name or mail address means, ``NOBODY`` perhaps, and under what guesses at the password are counted.

    For an address that is the address itself, so that those of nobody are counted as those of somebody. What cannot
    be one is neither looked up nor counted under itself: it may be anything, and as long as a request.
    """
    if isinstance(name, str):
        user = user_named(ctx, name)
        return user, user
    if may_be_address(name.address) is not None:
        return NOBODY, NOBODY
    owner = await ctx.reader.run(lambda at: addresses.find(at, name.address))
    return owner.user if owner else NOBODY, name.address


def named(ctx: Context, user: str | None, identifier: dict[str, Any] | None) -> UserId | None:
    """Return whom a proof names, or None where it names nobody; what cannot be anybody's name is ``NOBODY``."""
    if identifier is not None:
        user = identifier.get("user")
        return user_named(ctx, user) if isinstance(user, str) else NOBODY
    return user_named(ctx, user) if user is not None else None


def user_named(ctx: Context, name: str) -> UserId:
    """Return the user id that ``name`` means: itself, or as a localpart of this server (section Matrix User ID)."""
    whole = name if name.startswith("@") else user_id(name, ctx.limits.server_name)
    return UserId(folded(whole)) if is_user_id(whole) else NOBODY
