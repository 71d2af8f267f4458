"""Registering, and the questions that come before it: is this name free, is this token good?"""

from typing import Any

import msgspec

from veche.api.http.contract import Door, Endpoint, RequestFacts
from veche.api.matrix.sessions import SessionReply, session_reply
from veche.commands import accounts as commands
from veche.commands.accounts import Application
from veche.commands.sessions import SessionWish
from veche.domain.accounts import NO_GUESTS
from veche.domain.ids import DeviceId
from veche.domain.refusals import Refused, invalid_param
from veche.domain.sessions import Asker
from veche.queries import accounts as queries


class RegisterBody(msgspec.Struct, frozen=True):
    """Body of ``POST /register``."""

    auth: dict[str, Any] | None = None
    username: str | None = None
    password: str | None = None
    device_id: str | None = None
    initial_device_display_name: str | None = None
    inhibit_login: bool = False
    refresh_token: bool = False


class Register(msgspec.Struct, frozen=True):
    """``POST /register``."""

    body: RegisterBody
    request: RequestFacts
    kind: str = "user"


class NameQuestion(msgspec.Struct, frozen=True):
    """``GET /register/available``."""

    username: str


class NameAnswer(msgspec.Struct, frozen=True):
    """The name is free."""

    available: bool


class TokenQuestion(msgspec.Struct, frozen=True):
    """``GET /register/m.login.registration_token/validity``."""

    token: str


class TokenAnswer(msgspec.Struct, frozen=True):
    """Whether the registration token is valid now."""

    valid: bool


async def register(door: Door, asker: Asker, request: Register) -> SessionReply:
    """Make an account (section Account registration and management)."""
    if request.kind == "guest":
        raise Refused(NO_GUESTS)
    if request.kind != "user":
        raise Refused(invalid_param("kind must be user or guest", "kind"))
    body = request.body
    wish = SessionWish(
        DeviceId(body.device_id) if body.device_id else None,
        body.initial_device_display_name,
        body.refresh_token,
        request.request.origin(),
    )
    wanted = Application(body.username, body.password, wish, wants_session=not body.inhibit_login)
    user, session = await commands.register(door.commands, wanted, body.auth)
    return session_reply(user, session)


async def available(door: Door, asker: Asker, request: NameQuestion) -> NameAnswer:
    """Say whether a name is free."""
    return NameAnswer(await queries.name_is_free(door.queries, request.username))


async def token_validity(door: Door, asker: Asker, request: TokenQuestion) -> TokenAnswer:
    """Say whether a registration token is valid now."""
    return TokenAnswer(await queries.token_is_valid(door.queries, request.token))


_TOKEN_VALIDITY = "/_matrix/client/v1/register/m.login.registration_token/validity"
_REGISTER = "/_matrix/client/v3/register"
_AVAILABLE = "/_matrix/client/v3/register/available"

ENDPOINTS = (
    Endpoint("POST", _REGISTER, "public", "register", Register, SessionReply, register),
    Endpoint("GET", _AVAILABLE, "public", "register", NameQuestion, NameAnswer, available),
    Endpoint("GET", _TOKEN_VALIDITY, "public", "register", TokenQuestion, TokenAnswer, token_validity),
)
