"""What whoever runs the server may ask of it by the ``veche`` command: records that travel over the control socket.

Each becomes one command or query; nothing is decided here.
"""

from typing import Any

import msgspec

from veche.commands import accounts as commands
from veche.commands.context import Context
from veche.domain.ids import UserId, user_id
from veche.domain.sessions import OPERATOR, Role
from veche.queries import accounts as queries
from veche.queries.context import ReadContext


class AddUser(msgspec.Struct, frozen=True, tag="add user"):
    """Make an account; answers its user id."""

    name: str
    password: str
    role: Role = "user"


class ListUsers(msgspec.Struct, frozen=True, tag="list users"):
    """Answer all accounts."""


class SetPassword(msgspec.Struct, frozen=True, tag="set password"):
    """Give an account a new password and end its sessions."""

    name: str
    password: str


class SetRole(msgspec.Struct, frozen=True, tag="set role"):
    """Make somebody an administrator, or no longer."""

    name: str
    role: Role


class DeactivateUser(msgspec.Struct, frozen=True, tag="deactivate user"):
    """Close an account for good."""

    name: str
    erases: bool = False


class AddToken(msgspec.Struct, frozen=True, tag="add token"):
    """Make a registration token; answers its text."""

    text: str | None = None
    uses: int | None = None
    lifetime_ms: int | None = None


class ListTokens(msgspec.Struct, frozen=True, tag="list tokens"):
    """Answer all registration tokens."""


class RevokeToken(msgspec.Struct, frozen=True, tag="revoke token"):
    """Make a registration token invalid."""

    text: str


Action = AddUser | ListUsers | SetPassword | SetRole | DeactivateUser | AddToken | ListTokens | RevokeToken


async def perform(commanding: Context, asking: ReadContext, action: Action) -> Any:
    """Do what is asked and return what is answered; raises ``Refused``."""
    if isinstance(action, AddToken | ListTokens | RevokeToken):
        return await _about_tokens(commanding, asking, action)
    return await _about_users(commanding, asking, action)


async def _about_users(
    ctx: Context, asking: ReadContext, action: AddUser | ListUsers | SetPassword | SetRole | DeactivateUser
) -> Any:
    match action:
        case ListUsers():
            return await queries.all_accounts(asking, OPERATOR)
        case AddUser():
            return await commands.create_account(ctx, OPERATOR, action.name, action.password, action.role)
    user = _named(ctx, action.name)
    match action:
        case SetPassword():
            await commands.reset_password(ctx, OPERATOR, user, action.password)
        case SetRole():
            await commands.set_role(ctx, OPERATOR, user, action.role)
        case DeactivateUser():
            await commands.deactivate_account(ctx, OPERATOR, user, erases=action.erases)
    return user


async def _about_tokens(ctx: Context, asking: ReadContext, action: AddToken | ListTokens | RevokeToken) -> Any:
    match action:
        case ListTokens():
            return await queries.all_registration_tokens(asking, OPERATOR)
        case AddToken():
            return await commands.add_registration_token(ctx, OPERATOR, action.text, action.uses, action.lifetime_ms)
        case RevokeToken():
            await commands.revoke_registration_token(ctx, OPERATOR, action.text)
            return action.text


def _named(ctx: Context, name: str) -> UserId:
    return UserId(name) if name.startswith("@") else user_id(name.lower(), ctx.limits.server_name)
