"""Profiles: reading everybody's, changing one's own."""

from typing import Any

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.commands import profiles as commands
from veche.domain.ids import UserId
from veche.domain.refusals import Refused, missing_param
from veche.domain.sessions import Asker
from veche.queries import profiles as queries


class WholeProfile(msgspec.Struct, frozen=True):
    """``GET /profile/{userId}``."""

    user_id: UserId


class OneField(msgspec.Struct, frozen=True):
    """``GET`` and ``DELETE /profile/{userId}/{keyName}``."""

    user_id: UserId
    key: str


class SetField(msgspec.Struct, frozen=True):
    """``PUT /profile/{userId}/{keyName}``: the body holds the field under its own name."""

    user_id: UserId
    key: str
    body: dict[str, Any]


async def profile(door: Door, asker: Asker, request: WholeProfile) -> dict[str, Any]:
    """Show a profile (section Profiles)."""
    return await queries.profile(door.queries, asker, request.user_id)


async def field(door: Door, asker: Asker, request: OneField) -> dict[str, Any]:
    """Show one field."""
    return await queries.field(door.queries, asker, request.user_id, request.key)


async def set_field(door: Door, asker: Asker, request: SetField) -> Empty:
    """Set one field of one's own profile."""
    if request.key not in request.body:
        raise Refused(missing_param(f"The body must hold the field {request.key}.", request.key))
    await commands.set_field(door.commands, asker, request.user_id, request.key, request.body[request.key])
    return Empty()


async def delete_field(door: Door, asker: Asker, request: OneField) -> Empty:
    """Remove one field of one's own profile."""
    await commands.delete_field(door.commands, asker, request.user_id, request.key)
    return Empty()


_WHOLE = "/_matrix/client/v3/profile/{user_id}"
_FIELD = f"{_WHOLE}/{{key}}"

ENDPOINTS = (
    Endpoint("GET", _WHOLE, "public", "read", WholeProfile, dict[str, Any], profile),
    Endpoint("GET", _FIELD, "public", "read", OneField, dict[str, Any], field),
    Endpoint("PUT", _FIELD, "user", "write", SetField, Empty, set_field),
    Endpoint("DELETE", _FIELD, "user", "write", OneField, Empty, delete_field),
)
