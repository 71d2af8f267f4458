"""Discovery: versions, well-known, capabilities; and ``/health``."""

from typing import Any

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint, RequestFacts
from veche.domain.refusals import Refused, not_found
from veche.domain.rooms import DEFAULT_ROOM_VERSION, ROOM_VERSIONS
from veche.domain.sessions import Asker

MATRIX_VERSIONS = ("v1.11", "v1.12", "v1.13", "v1.14", "v1.15", "v1.16", "v1.17", "v1.18", "v1.19")


class Versions(msgspec.Struct, frozen=True):
    """``GET /versions``."""

    versions: tuple[str, ...]
    unstable_features: dict[str, bool]


class WithFacts(msgspec.Struct, frozen=True):
    """A request of which only the circumstances matter."""

    request: RequestFacts


class Health(msgspec.Struct, frozen=True):
    """``GET /health``: the newest position and how many commands wait."""

    status: str
    position: int
    waiting: int


async def versions(door: Door, asker: Asker, query: Empty) -> Versions:
    """List the versions of the specification that this server speaks (section API Versions)."""
    return Versions(MATRIX_VERSIONS, {})


async def well_known(door: Door, asker: Asker, query: WithFacts) -> dict[str, Any]:
    """Say where the server is: as it was set, else where it was found (section Well-known URI)."""
    address = door.queries.limits.public_address
    if not address and not query.request.host:
        raise Refused(not_found("Nobody has set the address of this server."))
    address = address or f"http://{query.request.host}"
    return {"m.homeserver": {"base_url": address}}


async def capabilities(door: Door, asker: Asker, query: Empty) -> dict[str, Any]:
    """Say what accounts on this server can do (section Capabilities negotiation)."""
    yes, no = {"enabled": True}, {"enabled": False}
    return {
        "capabilities": {
            "m.3pid_changes": no,
            "m.change_password": yes,
            "m.get_login_token": no,
            "m.profile_fields": yes,
            "m.room_versions": {
                "available": dict.fromkeys(ROOM_VERSIONS, "stable"),
                "default": DEFAULT_ROOM_VERSION,
            },
            "m.set_avatar_url": yes,
            "m.set_displayname": yes,
        }
    }


async def health(door: Door, asker: Asker, query: Empty) -> Health:
    """Answer from the database: the server lives and can read."""
    position = await door.queries.reader.run(lambda at: at.position)
    return Health("ok", position, door.commands.writer.waiting)


ENDPOINTS = (
    Endpoint("GET", "/_matrix/client/versions", "public", "none", Empty, Versions, versions),
    Endpoint("GET", "/.well-known/matrix/client", "public", "none", WithFacts, dict[str, Any], well_known),
    Endpoint("GET", "/_matrix/client/v3/capabilities", "user", "read", Empty, dict[str, Any], capabilities),
    Endpoint("GET", "/health", "public", "none", Empty, Health, health),
)
