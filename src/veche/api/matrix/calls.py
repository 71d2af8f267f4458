"""Calls: where a client finds a relay. None is set up yet, which the specification says with an empty object."""

from typing import Any

from veche.api.http.contract import Door, Empty, Endpoint
from veche.domain.sessions import Asker


async def turn_server(door: Door, asker: Asker, query: Empty) -> dict[str, Any]:
    """Return how to reach the server's relay (section Voice over IP): there is none."""
    return {}


ENDPOINTS = (Endpoint("GET", "/_matrix/client/v3/voip/turnServer", "user", "read", Empty, dict[str, Any], turn_server),)
