"""Presence at the door: how people are doing. That somebody is busy is a word of our own (decision 18)."""

from typing import Any, Literal

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.commands import presence as commands
from veche.commands.presence import Wanted
from veche.domain.ids import UserId
from veche.domain.presence import BUSY_FIELD, UNTIL_FIELD, DeviceState, content_of
from veche.domain.sessions import Asker
from veche.queries import presence as queries


class SetStatus(msgspec.Struct, frozen=True):
    """The status that somebody sets. What is left out of the rest stays as it is; a null or empty text goes."""

    presence: Literal["online", "offline", "unavailable", "busy", "org.matrix.msc3026.busy"]
    status_msg: str | msgspec.UnsetType | None = msgspec.UNSET
    is_busy: bool | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name=BUSY_FIELD)
    until: int | None = msgspec.field(default=None, name=UNTIL_FIELD)


class SetStatusRequest(msgspec.Struct, frozen=True):
    """``PUT /presence/{user_id}/status``."""

    user_id: UserId
    body: SetStatus


class StatusRequest(msgspec.Struct, frozen=True):
    """``GET /presence/{user_id}/status``."""

    user_id: UserId


_STATES: dict[str, DeviceState | None] = {
    "online": "online",
    "unavailable": "unavailable",
    "offline": None,
    "busy": "busy",
    "org.matrix.msc3026.busy": "busy",
}


async def set_status(door: Door, asker: Asker, query: SetStatusRequest) -> Empty:
    """Set how the asker is doing (section Presence); where presence is off nothing happens."""
    body = query.body
    wanted = Wanted(_STATES[body.presence], body.status_msg, body.is_busy, body.until)
    await commands.set_presence(door.commands, asker, query.user_id, wanted)
    return Empty()


async def status(door: Door, asker: Asker, query: StatusRequest) -> dict[str, Any]:
    """Return how somebody is doing with whom the asker shares a room."""
    found, last_active = await queries.status(door.queries, asker, query.user_id)
    return content_of(found, last_active, door.queries.clock())


_STATUS = "/_matrix/client/v3/presence/{user_id}/status"

ENDPOINTS = (
    Endpoint("GET", _STATUS, "user", "read", StatusRequest, dict[str, Any], status),
    Endpoint("PUT", _STATUS, "user", "write", SetStatusRequest, Empty, set_status),
)
