"""Locking and suspending people, with reason and end. For administrators."""

from typing import Any

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.api.veche.accounts.administering import ACCOUNT
from veche.commands import moderation as commands
from veche.domain.ids import UserId
from veche.domain.moderation import RestrictionKind
from veche.domain.sessions import Asker


class RestrictionBody(msgspec.Struct, frozen=True):
    """Why, and until which millisecond (absent: until it is lifted)."""

    reason: str = ""
    until_ts: int | None = None


class RestrictionRequest(msgspec.Struct, frozen=True):
    """``PUT /accounts/{user_id}/lock`` and ``…/suspension``."""

    user_id: UserId
    body: RestrictionBody


class LiftingBody(msgspec.Struct, frozen=True):
    """Why."""

    reason: str = ""


class LiftingRequest(msgspec.Struct, frozen=True):
    """``DELETE /accounts/{user_id}/lock`` and ``…/suspension``."""

    user_id: UserId
    body: LiftingBody


async def lock(door: Door, asker: Asker, request: RestrictionRequest) -> Empty:
    """Lock somebody out; their sessions work again when it ends."""
    return await _restrict(door, asker, request, "lock")


async def unlock(door: Door, asker: Asker, request: LiftingRequest) -> Empty:
    """Let somebody in again."""
    return await _lift(door, asker, request, "lock")


async def suspend(door: Door, asker: Asker, request: RestrictionRequest) -> Empty:
    """Let somebody read only."""
    return await _restrict(door, asker, request, "suspension")


async def unsuspend(door: Door, asker: Asker, request: LiftingRequest) -> Empty:
    """Let somebody write again."""
    return await _lift(door, asker, request, "suspension")


async def _restrict(door: Door, asker: Asker, request: RestrictionRequest, kind: RestrictionKind) -> Empty:
    body = request.body
    await commands.restrict(door.commands, asker, request.user_id, kind, until_ts=body.until_ts, reason=body.reason)
    return Empty()


async def _lift(door: Door, asker: Asker, request: LiftingRequest, kind: RestrictionKind) -> Empty:
    await commands.lift(door.commands, asker, request.user_id, kind, reason=request.body.reason)
    return Empty()


def _endpoint(method: str, part: str, record: type[Any], serve: Any) -> Endpoint:
    path = f"{ACCOUNT}/{part}"
    return Endpoint(method, path, "administrator", "write", record, Empty, serve, body_optional=True)


ENDPOINTS = (
    _endpoint("PUT", "lock", RestrictionRequest, lock),
    _endpoint("DELETE", "lock", LiftingRequest, unlock),
    _endpoint("PUT", "suspension", RestrictionRequest, suspend),
    _endpoint("DELETE", "suspension", LiftingRequest, unsuspend),
)
