"""Naming: whom a client means by a user id, a bare user name, an identifier object or the older ``user`` field."""

from typing import Any

from veche.commands.context import Context
from veche.domain.accounts import folded
from veche.domain.ids import UserId, is_user_id, user_id

NOBODY = UserId("")


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
