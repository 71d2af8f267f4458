"""The specification's own endpoints for administrators: who somebody is, locking and suspending."""

from typing import Any

import msgspec

from veche.api.http.contract import Door, Endpoint
from veche.commands import moderation as commands
from veche.domain.devices import DeviceUse
from veche.domain.ids import UserId, server_of
from veche.domain.moderation import RestrictionKind
from veche.domain.refusals import Refused, invalid_param
from veche.domain.sessions import Asker
from veche.queries import devices
from veche.queries import moderation as queries


class OneUser(msgspec.Struct, frozen=True):
    """Who is meant."""

    user_id: UserId


class LockBody(msgspec.Struct, frozen=True):
    """Body of ``PUT /admin/lock/{userId}``."""

    locked: bool


class LockRequest(msgspec.Struct, frozen=True):
    """``PUT /admin/lock/{userId}``."""

    user_id: UserId
    body: LockBody


class SuspendBody(msgspec.Struct, frozen=True):
    """Body of ``PUT /admin/suspend/{userId}``."""

    suspended: bool


class SuspendRequest(msgspec.Struct, frozen=True):
    """``PUT /admin/suspend/{userId}``."""

    user_id: UserId
    body: SuspendBody


async def whois(door: Door, asker: Asker, request: OneUser) -> dict[str, Any]:
    """Show somebody's sessions: one's own, or to administrators everybody's (section Server Administration)."""
    found = await devices.uses_of(door.queries, asker, request.user_id)
    return {"user_id": request.user_id, "devices": {use.device_id: _device(use) for use in found}}


async def lock_of(door: Door, asker: Asker, request: OneUser) -> LockBody:
    """Say whether somebody is locked."""
    return LockBody(await _asked(door, asker, request.user_id, "lock"))


async def lock(door: Door, asker: Asker, request: LockRequest) -> LockBody:
    """Lock somebody, or no longer."""
    await _set(door, asker, request.user_id, "lock", holds=request.body.locked)
    return request.body


async def suspension_of(door: Door, asker: Asker, request: OneUser) -> SuspendBody:
    """Say whether somebody is suspended."""
    return SuspendBody(await _asked(door, asker, request.user_id, "suspension"))


async def suspend(door: Door, asker: Asker, request: SuspendRequest) -> SuspendBody:
    """Suspend somebody, or no longer."""
    await _set(door, asker, request.user_id, "suspension", holds=request.body.suspended)
    return request.body


async def _asked(door: Door, asker: Asker, user: UserId, kind: RestrictionKind) -> bool:
    _expect_local(door, user)
    return await queries.is_restricted(door.queries, asker, user, kind)


async def _set(door: Door, asker: Asker, user: UserId, kind: RestrictionKind, *, holds: bool) -> None:
    _expect_local(door, user)
    change = commands.restrict if holds else commands.lift
    await change(door.commands, asker, user, kind, spares_administrators=True)


def _expect_local(door: Door, user: UserId) -> None:
    if server_of(user) != door.queries.limits.server_name:
        raise Refused(invalid_param("That is nobody of this server.", "userId"))


def _device(use: DeviceUse) -> dict[str, Any]:
    seen = {"ip": use.last_seen_ip, "last_seen": use.last_seen_ts, "user_agent": use.client}
    known = {name: value for name, value in seen.items() if value is not None}
    return {"sessions": [{"connections": [known] if known else []}]}


_WHOIS = "/_matrix/client/v3/admin/whois/{user_id}"
_LOCK = "/_matrix/client/v1/admin/lock/{user_id}"
_SUSPEND = "/_matrix/client/v1/admin/suspend/{user_id}"

ENDPOINTS = (
    Endpoint("GET", _WHOIS, "user", "read", OneUser, dict[str, Any], whois),
    Endpoint("GET", _LOCK, "administrator", "read", OneUser, LockBody, lock_of),
    Endpoint("PUT", _LOCK, "administrator", "write", LockRequest, LockBody, lock),
    Endpoint("GET", _SUSPEND, "administrator", "read", OneUser, SuspendBody, suspension_of),
    Endpoint("PUT", _SUSPEND, "administrator", "write", SuspendRequest, SuspendBody, suspend),
)
