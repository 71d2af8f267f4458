"""Presence in its simple form: a status that people set and others ask for."""

from typing import Literal

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.commands import presence as commands
from veche.domain.ids import UserId
from veche.domain.sessions import Asker
from veche.queries import presence as queries


class Wanted(msgspec.Struct, frozen=True):
    """The status that somebody sets."""

    presence: Literal["online", "offline", "unavailable"]
    status_msg: str | None = None


class SetStatusRequest(msgspec.Struct, frozen=True):
    """``PUT /presence/{user_id}/status``."""

    user_id: UserId
    body: Wanted


class StatusRequest(msgspec.Struct, frozen=True):
    """``GET /presence/{user_id}/status``."""

    user_id: UserId


class StatusReply(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody's status; ``last_active_ago`` in milliseconds."""

    presence: str
    last_active_ago: int | None = None
    status_msg: str | None = None


async def set_status(door: Door, asker: Asker, query: SetStatusRequest) -> Empty:
    """Set the asker's status (section Presence)."""
    wanted = query.body
    await commands.set_presence(door.commands, asker, query.user_id, wanted.presence, wanted.status_msg)
    return Empty()


async def status(door: Door, asker: Asker, query: StatusRequest) -> StatusReply:
    """Return the status of somebody the asker shares a room with."""
    found = await queries.status(door.queries, asker, query.user_id)
    return StatusReply(found.presence, max(0, door.queries.clock() - found.ts), found.status_msg)


_STATUS = "/_matrix/client/v3/presence/{user_id}/status"

ENDPOINTS = (
    Endpoint("GET", _STATUS, "user", "read", StatusRequest, StatusReply, status),
    Endpoint("PUT", _STATUS, "user", "write", SetStatusRequest, Empty, set_status),
)
