"""Closing one's account for good."""

from typing import Any

import msgspec

from veche.api.http.contract import Door, Endpoint
from veche.commands import accounts as commands
from veche.domain.sessions import Asker


class DeactivateBody(msgspec.Struct, frozen=True):
    """Body of ``POST /account/deactivate``."""

    auth: dict[str, Any] | None = None
    erase: bool = False


class Deactivate(msgspec.Struct, frozen=True):
    """``POST /account/deactivate``."""

    body: DeactivateBody


class Deactivated(msgspec.Struct, frozen=True):
    """The account is closed; there was no identity server to be told."""

    id_server_unbind_result: str = "success"


async def deactivate(door: Door, asker: Asker, request: Deactivate) -> Deactivated:
    """Close the account, after the password has been proven."""
    await commands.deactivate(door.commands, asker, request.body.auth, erases=request.body.erase)
    return Deactivated()


_DEACTIVATE = "/_matrix/client/v3/account/deactivate"

ENDPOINTS = (Endpoint("POST", _DEACTIVATE, "user", "write", Deactivate, Deactivated, deactivate),)
