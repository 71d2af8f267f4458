"""Actions of looking after people: what ``veche user lock`` and its like ask for, and ``veche audit``."""

from typing import Any

import msgspec

from veche.app.actions.accounts import named
from veche.app.actions.handling import Handlers
from veche.commands import accounts, moderation, sessions
from veche.commands.context import Context
from veche.domain.accounts.passwords import PolicyChange
from veche.domain.ids import DeviceId, UserId
from veche.domain.moderation import RestrictionKind
from veche.domain.sessions import OPERATOR
from veche.queries import accounts as account_queries
from veche.queries import devices as device_queries
from veche.queries import operation as operation_queries
from veche.queries import sessions as session_queries
from veche.queries.context import ReadContext

_NEWEST = 2**53 - 1


class RestrictUser(msgspec.Struct, frozen=True, tag="restrict user"):
    """Lock or suspend somebody; answers whom."""

    name: str
    kind: RestrictionKind
    lifetime_ms: int | None = None
    reason: str = ""


class FreeUser(msgspec.Struct, frozen=True, tag="free user"):
    """End a lock or suspension; answers whose."""

    name: str
    kind: RestrictionKind
    reason: str = ""


class RenameUser(msgspec.Struct, frozen=True, tag="rename user"):
    """Give somebody another display name; answers whom."""

    name: str
    display_name: str


class MakeResetCode(msgspec.Struct, frozen=True, tag="make reset code"):
    """Make a code with which somebody can choose a new password."""

    name: str


class ListSessions(msgspec.Struct, frozen=True, tag="list sessions"):
    """Answer somebody's sessions."""

    name: str


class SignOut(msgspec.Struct, frozen=True, tag="sign out"):
    """End one session of somebody, or all; answers whose."""

    name: str
    device: str | None = None


class ListSignIns(msgspec.Struct, frozen=True, tag="list sign-ins"):
    """Answer who signed in as somebody, or tried to, the newest first."""

    name: str
    limit: int = 50


class ChangePolicy(msgspec.Struct, frozen=True, tag="change policy"):
    """Change what passwords must be like; answers the whole policy. An empty change only answers."""

    change: PolicyChange = PolicyChange()


class ListActs(msgspec.Struct, frozen=True, tag="list acts"):
    """Answer what administrators did, the newest first."""

    limit: int = 50


async def restrict_user(ctx: Context, asking: ReadContext, action: RestrictUser) -> UserId:
    """Lock or suspend somebody."""
    user = named(ctx, action.name)
    until = None if action.lifetime_ms is None else ctx.clock() + action.lifetime_ms
    await moderation.restrict(ctx, OPERATOR, user, action.kind, until_ts=until, reason=action.reason)
    return user


async def free_user(ctx: Context, asking: ReadContext, action: FreeUser) -> UserId:
    """End a lock or suspension."""
    user = named(ctx, action.name)
    await moderation.lift(ctx, OPERATOR, user, action.kind, reason=action.reason)
    return user


async def rename_user(ctx: Context, asking: ReadContext, action: RenameUser) -> UserId:
    """Change a display name."""
    user = named(ctx, action.name)
    await accounts.rename_person(ctx, OPERATOR, user, action.display_name)
    return user


async def make_reset_code(ctx: Context, asking: ReadContext, action: MakeResetCode) -> Any:
    """Make a reset code; returns it with its end."""
    return await accounts.make_reset_code(ctx, OPERATOR, named(ctx, action.name))


async def list_sessions(ctx: Context, asking: ReadContext, action: ListSessions) -> Any:
    """Return somebody's sessions."""
    return await device_queries.uses_of(asking, OPERATOR, named(ctx, action.name))


async def sign_out(ctx: Context, asking: ReadContext, action: SignOut) -> UserId:
    """End sessions; returns whose."""
    user = named(ctx, action.name)
    device = DeviceId(action.device) if action.device is not None else None
    await sessions.sign_somebody_out(ctx, OPERATOR, user, device)
    return user


async def list_sign_ins(ctx: Context, asking: ReadContext, action: ListSignIns) -> Any:
    """Return somebody's history of signing in."""
    return await session_queries.sign_ins_of(asking, OPERATOR, named(ctx, action.name), _NEWEST, action.limit)


async def change_policy(ctx: Context, asking: ReadContext, action: ChangePolicy) -> Any:
    """Change the password policy; returns all of it."""
    if action.change == PolicyChange():
        return await account_queries.password_policy(asking)
    return await accounts.change_password_policy(ctx, OPERATOR, action.change)


async def list_acts(ctx: Context, asking: ReadContext, action: ListActs) -> Any:
    """Return what administrators did."""
    return await operation_queries.acts(asking, OPERATOR, _NEWEST, action.limit)


Action = (
    RestrictUser
    | FreeUser
    | RenameUser
    | MakeResetCode
    | ListSessions
    | SignOut
    | ListSignIns
    | ChangePolicy
    | ListActs
)
HANDLERS: Handlers = {
    RestrictUser: restrict_user,
    FreeUser: free_user,
    RenameUser: rename_user,
    MakeResetCode: make_reset_code,
    ListSessions: list_sessions,
    SignOut: sign_out,
    ListSignIns: list_sign_ins,
    ChangePolicy: change_policy,
    ListActs: list_acts,
}
