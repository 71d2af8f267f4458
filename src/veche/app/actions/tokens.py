"""Actions about registration tokens: what ``veche token`` asks for."""

from typing import Any

import msgspec

from veche.app.actions.handling import Handlers
from veche.commands import accounts as commands
from veche.commands.context import Context
from veche.domain.accounts.tokens import TokenWish
from veche.domain.sessions import OPERATOR, Role
from veche.queries import accounts as queries
from veche.queries.context import ReadContext


class AddToken(msgspec.Struct, frozen=True, tag="add token"):
    """Make a registration token; answers its text. ``rooms`` are ids or aliases."""

    text: str | None = None
    uses: int | None = None
    lifetime_ms: int | None = None
    role: Role = "user"
    rooms: tuple[str, ...] = ()


class ListTokens(msgspec.Struct, frozen=True, tag="list tokens"):
    """Answer all registration tokens."""


class RevokeToken(msgspec.Struct, frozen=True, tag="revoke token"):
    """Make a registration token invalid."""

    text: str


async def add_token(ctx: Context, asking: ReadContext, action: AddToken) -> str:
    """Make a registration token."""
    expires_ts = None if action.lifetime_ms is None else ctx.clock() + action.lifetime_ms
    wish = TokenWish(action.text, action.uses, expires_ts, action.role, action.rooms)
    return (await commands.add_registration_token(ctx, OPERATOR, wish)).token


async def list_tokens(ctx: Context, asking: ReadContext, action: ListTokens) -> Any:
    """Return all registration tokens."""
    return await queries.all_registration_tokens(asking, OPERATOR)


async def revoke_token(ctx: Context, asking: ReadContext, action: RevokeToken) -> str:
    """Revoke a registration token; returns its text."""
    await commands.revoke_registration_token(ctx, OPERATOR, action.text)
    return action.text


Action = AddToken | ListTokens | RevokeToken
HANDLERS: Handlers = {AddToken: add_token, ListTokens: list_tokens, RevokeToken: revoke_token}
