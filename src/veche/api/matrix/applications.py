"""Applications: the third-party networks that bridges connect. There are none on this server."""

from typing import Any

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.domain.refusals import Refused, not_found
from veche.domain.sessions import Asker


class ByProtocol(msgspec.Struct, frozen=True):
    """What is asked about one network; its own fields are passed over."""

    protocol: str


class ByAlias(msgspec.Struct, frozen=True):
    """``GET /thirdparty/location``."""

    alias: str


class ByUser(msgspec.Struct, frozen=True):
    """``GET /thirdparty/user``."""

    userid: str


async def protocols(door: Door, asker: Asker, query: Empty) -> dict[str, Any]:
    """Return the third-party protocols (section Third-party Networks): there are none."""
    return {}


async def protocol(door: Door, asker: Asker, query: ByProtocol) -> dict[str, Any]:
    """Return one third-party protocol: 404, as there are none."""
    raise Refused(not_found("This server is connected to no such network."))


async def found_by_protocol(door: Door, asker: Asker, query: ByProtocol) -> list[dict[str, Any]]:
    """Return the places or people of a network that are known here: none."""
    return []


async def found_by_alias(door: Door, asker: Asker, query: ByAlias) -> list[dict[str, Any]]:
    """Return the places in other networks that a room alias stands for: none."""
    return []


async def found_by_user(door: Door, asker: Asker, query: ByUser) -> list[dict[str, Any]]:
    """Return the people in other networks for whom a user id stands: none."""
    return []


_HERE = "/_matrix/client/v3/thirdparty"
_Found = list[dict[str, Any]]

ENDPOINTS = (
    Endpoint("GET", _HERE + "/protocols", "user", "read", Empty, dict[str, Any], protocols),
    Endpoint("GET", _HERE + "/protocol/{protocol}", "user", "read", ByProtocol, dict[str, Any], protocol),
    Endpoint("GET", _HERE + "/location/{protocol}", "user", "read", ByProtocol, _Found, found_by_protocol),
    Endpoint("GET", _HERE + "/user/{protocol}", "user", "read", ByProtocol, _Found, found_by_protocol),
    Endpoint("GET", _HERE + "/location", "user", "read", ByAlias, _Found, found_by_alias),
    Endpoint("GET", _HERE + "/user", "user", "read", ByUser, _Found, found_by_user),
)
