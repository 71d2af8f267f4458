"""Looking after other people's accounts: seeing, renaming, giving a role, closing. For administrators."""

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.commands import accounts as commands
from veche.domain.accounts import AccountEntry
from veche.domain.ids import UserId
from veche.domain.sessions import Asker, Role
from veche.queries import moderation as queries

ACCOUNT = "/_veche/v1/accounts/{user_id}"


class AccountsRequest(msgspec.Struct, frozen=True):
    """``GET /accounts``: those behind the user id ``from``."""

    from_: UserId | None = msgspec.field(name="from", default=None)
    limit: int = 100


class Accounts(msgspec.Struct, frozen=True, omit_defaults=True):
    """Accounts by user id; ``next_batch`` stands where there are more."""

    accounts: list[AccountEntry]
    next_batch: str | None = None


class OneAccount(msgspec.Struct, frozen=True):
    """Whose account it is."""

    user_id: UserId


class NameBody(msgspec.Struct, frozen=True):
    """Body of ``PUT …/display_name``; an empty name takes it away."""

    display_name: str
    reason: str = ""


class NameRequest(msgspec.Struct, frozen=True):
    """``PUT /accounts/{user_id}/display_name``."""

    user_id: UserId
    body: NameBody


class RoleBody(msgspec.Struct, frozen=True):
    """Body of ``PUT …/role``."""

    role: Role
    reason: str = ""


class RoleRequest(msgspec.Struct, frozen=True):
    """``PUT /accounts/{user_id}/role``."""

    user_id: UserId
    body: RoleBody


class ClosingBody(msgspec.Struct, frozen=True):
    """Body of ``POST …/deactivate``."""

    erase: bool = False
    reason: str = ""


class ClosingRequest(msgspec.Struct, frozen=True):
    """``POST /accounts/{user_id}/deactivate``."""

    user_id: UserId
    body: ClosingBody


async def accounts(door: Door, asker: Asker, request: AccountsRequest) -> Accounts:
    """List accounts, closed ones too."""
    limit = max(1, min(request.limit, queries.MOST_ACCOUNTS))
    found = await queries.accounts_after(door.queries, asker, request.from_, limit)
    return Accounts(found, found[-1].user_id if len(found) == limit else None)


async def account(door: Door, asker: Asker, request: OneAccount) -> AccountEntry:
    """Show one account."""
    return await queries.account(door.queries, asker, request.user_id)


async def rename(door: Door, asker: Asker, request: NameRequest) -> Empty:
    """Give somebody another display name."""
    body = request.body
    await commands.rename_person(door.commands, asker, request.user_id, body.display_name, body.reason)
    return Empty()


async def set_role(door: Door, asker: Asker, request: RoleRequest) -> Empty:
    """Make somebody an administrator, or no longer."""
    await commands.set_role(door.commands, asker, request.user_id, request.body.role, request.body.reason)
    return Empty()


async def deactivate(door: Door, asker: Asker, request: ClosingRequest) -> Empty:
    """Close an account for good."""
    body = request.body
    await commands.deactivate_account(door.commands, asker, request.user_id, erases=body.erase, reason=body.reason)
    return Empty()


ENDPOINTS = (
    Endpoint("GET", "/_veche/v1/accounts", "administrator", "read", AccountsRequest, Accounts, accounts),
    Endpoint("GET", ACCOUNT, "administrator", "read", OneAccount, AccountEntry, account),
    Endpoint("PUT", f"{ACCOUNT}/display_name", "administrator", "write", NameRequest, Empty, rename),
    Endpoint("PUT", f"{ACCOUNT}/role", "administrator", "write", RoleRequest, Empty, set_role),
    Endpoint("POST", f"{ACCOUNT}/deactivate", "administrator", "write", ClosingRequest, Empty, deactivate),
)
