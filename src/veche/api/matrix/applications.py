"""Applications: the third-party networks that bridges connect. There are none on this server."""

from typing import Any

from veche.api.http.contract import Door, Empty, Endpoint
from veche.domain.sessions import Asker


async def protocols(door: Door, asker: Asker, query: Empty) -> dict[str, Any]:
    """Return the third-party protocols (section Third-party Networks)."""
    return {}


ENDPOINTS = (
    Endpoint("GET", "/_matrix/client/v3/thirdparty/protocols", "user", "read", Empty, dict[str, Any], protocols),
)
