"""Actions about accounts: what ``veche user`` asks for."""

from typing import Any

import msgspec

from veche.app.actions.handling import Handlers
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


async def add_user(ctx: Context, asking: ReadContext, action: AddUser) -> UserId:
    """Make an account."""
    return await commands.create_account(ctx, OPERATOR, action.name, action.password, action.role)


async def list_users(ctx: Context, asking: ReadContext, action: ListUsers) -> Any:
    """Return all accounts."""
    return await queries.all_accounts(asking, OPERATOR)


async def set_password(ctx: Context, asking: ReadContext, action: SetPassword) -> UserId:
    """Change a password; returns whose."""
    user = named(ctx, action.name)
    await commands.reset_password(ctx, OPERATOR, user, action.password)
    return user


async def set_role(ctx: Context, asking: ReadContext, action: SetRole) -> UserId:
    """Change a role; returns whose."""
    user = named(ctx, action.name)
    await commands.set_role(ctx, OPERATOR, user, action.role)
    return user


async def deactivate_user(ctx: Context, asking: ReadContext, action: DeactivateUser) -> UserId:
    """Close an account; returns whose."""
    user = named(ctx, action.name)
    await commands.deactivate_account(ctx, OPERATOR, user, erases=action.erases)
    return user


def named(ctx: Context, name: str) -> UserId:
    """Return the user id that somebody means by a name with or without the server's."""
    return UserId(name) if name.startswith("@") else user_id(name.lower(), ctx.limits.server_name)


Action = AddUser | ListUsers | SetPassword | SetRole | DeactivateUser
HANDLERS: Handlers = {
    AddUser: add_user,
    ListUsers: list_users,
    SetPassword: set_password,
    SetRole: set_role,
    DeactivateUser: deactivate_user,
}
