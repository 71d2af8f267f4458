"""Media: what a client may upload. Nothing yet, and clients that ask first do not offer it."""

from typing import Any

from veche.api.http.contract import Door, Empty, Endpoint
from veche.domain.sessions import Asker


async def config(door: Door, asker: Asker, query: Empty) -> dict[str, Any]:
    """Return the largest upload in bytes (section Content repository, Configuration)."""
    return {"m.upload.size": 0}


ENDPOINTS = (
    Endpoint(
        "GET",
        "/_matrix/client/v1/media/config",
        "user",
        "read",
        Empty,
        dict[str, Any],
        config,
        aliases=("/_matrix/media/v3/config",),
    ),
)
