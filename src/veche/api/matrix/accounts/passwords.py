"""Changing a password: one's own with the old one, or a forgotten one by mail."""

from typing import Any

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint, RequestFacts
from veche.commands import accounts as commands
from veche.domain.sessions import Asker
from veche.queries.sessions import identify


class PasswordBody(msgspec.Struct, frozen=True):
    """Body of ``POST /account/password``."""

    new_password: str
    logout_devices: bool = True
    auth: dict[str, Any] | None = None


class ChangePassword(msgspec.Struct, frozen=True):
    """``POST /account/password``."""

    body: PasswordBody
    request: RequestFacts


async def change_password(door: Door, asker: Asker, request: ChangePassword) -> Empty:
    """Change the password, after the old one has been proven; without a session, after a mail address has been."""
    body, facts = request.body, request.request
    if asker.user:
        await commands.change_password(
            door.commands, asker, body.new_password, body.auth, ends_other_sessions=body.logout_devices
        )
        return Empty()
    if facts.token is not None:  # a session that has ended: its client should know, not wait for a letter
        await identify(door.queries, facts.token, facts.origin)
    await commands.reset_by_proof(
        door.commands, body.new_password, body.auth, facts.origin(), ends_sessions=body.logout_devices
    )
    return Empty()


_PASSWORD = "/_matrix/client/v3/account/password"

ENDPOINTS = (Endpoint("POST", _PASSWORD, "public", "sign in", ChangePassword, Empty, change_password),)
