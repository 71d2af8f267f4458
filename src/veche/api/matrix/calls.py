"""Calls: where a client finds a relay, and with which name and password it is let in there."""

from typing import Any

from veche.api.http.contract import Door, Empty, Endpoint
from veche.domain.calls import pass_for
from veche.domain.moderation import may_take_part
from veche.domain.refusals import refuse
from veche.domain.sessions import Asker


async def turn_server(door: Door, asker: Asker, query: Empty) -> dict[str, Any]:
    """Return how to reach the relay for calls (section Voice over IP); nothing where none is set up."""
    limits = door.queries.limits
    if not limits.turn_uris:
        return {}
    refuse(may_take_part(asker))
    found = pass_for(asker.user, door.queries.clock(), limits.turn_secret, limits.turn_lifetime_ms)
    return {
        "username": found.username,
        "password": found.password,
        "uris": list(limits.turn_uris),
        "ttl": limits.turn_lifetime_ms // 1000,
    }


ENDPOINTS = (Endpoint("GET", "/_matrix/client/v3/voip/turnServer", "user", "read", Empty, dict[str, Any], turn_server),)
