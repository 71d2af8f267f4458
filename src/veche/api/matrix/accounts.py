"""Accounts: registering, name and token checks, passwords, deactivation and contact identifiers (there are none)."""

from typing import Any

import msgspec

from veche.api.http.contract import Caller, Door, Empty, Endpoint, RequestFacts
from veche.api.matrix.sessions import SessionReply, session_reply
from veche.commands import accounts as commands
from veche.commands.accounts import Application
from veche.commands.sessions import SessionWish
from veche.domain.accounts import NO_GUESTS, NO_THREEPIDS
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


class PasswordBody(msgspec.Struct, frozen=True):
    """Body of ``POST /account/password``."""

    new_password: str
    logout_devices: bool = True
    auth: dict[str, Any] | None = None


class ChangePassword(msgspec.Struct, frozen=True):
    """``POST /account/password``."""

    body: PasswordBody


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


class Threepids(msgspec.Struct, frozen=True):
    """``GET /account/3pid``: this server keeps no mail addresses or telephone numbers."""

    threepids: tuple[str, ...] = ()


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


async def change_password(door: Door, asker: Asker, request: ChangePassword) -> Empty:
    """Change the password, after the old one has been proven."""
    body = request.body
    await commands.change_password(
        door.commands, asker, body.new_password, body.auth, ends_other_sessions=body.logout_devices
    )
    return Empty()


async def deactivate(door: Door, asker: Asker, request: Deactivate) -> Deactivated:
    """Close the account, after the password has been proven."""
    await commands.deactivate(door.commands, asker, request.body.auth, erases=request.body.erase)
    return Deactivated()


async def threepids(door: Door, asker: Asker, request: Empty) -> Threepids:
    """List contact identifiers: none (section Adding Account Administrative Contact Information)."""
    return Threepids()


async def no_threepids(door: Door, asker: Asker, request: Empty) -> Empty:
    """Refuse to keep or verify a mail address or telephone number."""
    raise Refused(NO_THREEPIDS)


def _paths(path: str) -> tuple[str, tuple[str, ...]]:
    return f"/_matrix/client/v3{path}", (f"/_matrix/client/r0{path}",)


def _without_threepids(path: str, caller: Caller) -> Endpoint:
    whole, old = _paths(path)
    return Endpoint("POST", whole, caller, "register", Empty, Empty, no_threepids, aliases=old, body_optional=True)


_TOKEN_VALIDITY = "/_matrix/client/v1/register/m.login.registration_token/validity"
_REGISTER, _OLD_REGISTER = _paths("/register")
_AVAILABLE, _OLD_AVAILABLE = _paths("/register/available")
_PASSWORD, _OLD_PASSWORD = _paths("/account/password")
_DEACTIVATE, _OLD_DEACTIVATE = _paths("/account/deactivate")
_THREEPID, _OLD_THREEPID = _paths("/account/3pid")

ENDPOINTS = (
    Endpoint("POST", _REGISTER, "public", "register", Register, SessionReply, register, aliases=_OLD_REGISTER),
    Endpoint("GET", _AVAILABLE, "public", "register", NameQuestion, NameAnswer, available, aliases=_OLD_AVAILABLE),
    Endpoint("GET", _TOKEN_VALIDITY, "public", "register", TokenQuestion, TokenAnswer, token_validity),
    Endpoint("POST", _PASSWORD, "user", "write", ChangePassword, Empty, change_password, aliases=_OLD_PASSWORD),
    Endpoint("POST", _DEACTIVATE, "user", "write", Deactivate, Deactivated, deactivate, aliases=_OLD_DEACTIVATE),
    Endpoint("GET", _THREEPID, "user", "read", Empty, Threepids, threepids, aliases=_OLD_THREEPID),
    *(_without_threepids(f"/account/3pid{verb}", "user") for verb in ("", "/add", "/bind", "/delete", "/unbind")),
    *(
        _without_threepids(f"/{purpose}/{medium}/requestToken", "public")
        for purpose in ("register", "account/3pid", "account/password")
        for medium in ("email", "msisdn")
    ),
)
