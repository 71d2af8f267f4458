"""Mail addresses of one's account (section Adding Account Administrative Contact Information). No identity server is
asked for anything.
"""

from typing import Any, Literal

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.commands import accounts as commands
from veche.domain.accounts.addresses import EMAIL, NO_IDENTITY_SERVER, NOT_VERIFIED, canonical
from veche.domain.refusals import Refused
from veche.domain.sessions import Asker
from veche.queries import accounts as queries


class Threepid(msgspec.Struct, frozen=True):
    """One address; times in milliseconds."""

    medium: str
    address: str
    validated_at: int
    added_at: int


class Threepids(msgspec.Struct, frozen=True):
    """``GET /account/3pid``."""

    threepids: list[Threepid]


class AddBody(msgspec.Struct, frozen=True):
    """Body of ``POST /account/3pid/add``."""

    client_secret: str
    sid: str
    auth: dict[str, Any] | None = None


class Add(msgspec.Struct, frozen=True):
    """``POST /account/3pid/add``."""

    body: AddBody


class RemoveBody(msgspec.Struct, frozen=True):
    """Body of ``POST /account/3pid/delete`` and ``/unbind``."""

    medium: Literal["email", "msisdn"]
    address: str


class Remove(msgspec.Struct, frozen=True):
    """``POST /account/3pid/delete`` and ``/unbind``."""

    body: RemoveBody


class Removed(msgspec.Struct, frozen=True):
    """There was no identity server from which the address had to be taken."""

    id_server_unbind_result: str = "no-support"


async def threepids(door: Door, asker: Asker, request: Empty) -> Threepids:
    """List the mail addresses of the account."""
    found = await queries.own_addresses(door.queries, asker)
    return Threepids([Threepid(EMAIL, one.address, one.validated_ts, one.added_ts) for one in found])


async def add(door: Door, asker: Asker, request: Add) -> Empty:
    """Add a proven address, after the password has been proven."""
    body = request.body
    await commands.add_address(door.commands, asker, body.sid, body.client_secret, body.auth)
    return Empty()


async def remove(door: Door, asker: Asker, request: Remove) -> Removed:
    """Take an address from the account."""
    if request.body.medium == EMAIL:
        await commands.remove_address(door.commands, asker, canonical(request.body.address))
    return Removed()


async def unbind(door: Door, asker: Asker, request: Remove) -> Removed:
    """Take an address from an identity server: it never was at one."""
    return Removed()


async def verify(door: Door, asker: Asker, request: Empty) -> Empty:
    """Refuse to have an address verified by an identity server."""
    raise Refused(NOT_VERIFIED)


async def bind(door: Door, asker: Asker, request: Empty) -> Empty:
    """Refuse to tell an identity server of an address."""
    raise Refused(NO_IDENTITY_SERVER)


def _post(verb: str, request: type[Any], response: type[Any], serve: Any) -> Endpoint:
    return Endpoint("POST", _THREEPID + verb, "user", "write", request, response, serve, body_optional=request is Empty)


_THREEPID = "/_matrix/client/v3/account/3pid"

ENDPOINTS = (
    Endpoint("GET", _THREEPID, "user", "read", Empty, Threepids, threepids),
    _post("", Empty, Empty, verify),
    _post("/add", Add, Empty, add),
    _post("/bind", Empty, Empty, bind),
    _post("/delete", Remove, Removed, remove),
    _post("/unbind", Remove, Removed, unbind),
)
