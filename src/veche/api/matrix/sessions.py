"""Sessions: signing in and out, refreshing, and who am I."""

from typing import Any

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint, RequestFacts
from veche.commands import sessions as commands
from veche.commands.sessions import NewSession, SessionWish
from veche.domain.ids import DeviceId, UserId, server_of
from veche.domain.refusals import Refusal, Refused, invalid_param, missing_param
from veche.domain.sessions import PASSWORD, WRONG_PASSWORD, Asker

BAD_TYPE = Refusal("M_UNKNOWN", 400, f"This server knows no such login type; use {PASSWORD}.", "type")


class SignInBody(msgspec.Struct, frozen=True):
    """Body of ``POST /login``; ``user`` is what older clients send instead of ``identifier``."""

    type: str
    identifier: dict[str, Any] | None = None
    user: str | None = None
    medium: str | None = None
    password: str | None = None
    device_id: str | None = None
    initial_device_display_name: str | None = None
    refresh_token: bool = False


class SignIn(msgspec.Struct, frozen=True):
    """``POST /login``."""

    body: SignInBody
    request: RequestFacts


class SessionReply(msgspec.Struct, frozen=True, omit_defaults=True):
    """A new session; without tokens where a registration asked for none."""

    user_id: UserId
    home_server: str
    access_token: str | None = None
    device_id: DeviceId | None = None
    refresh_token: str | None = None
    expires_in_ms: int | None = None


class Flow(msgspec.Struct, frozen=True):
    """One way of signing in."""

    type: str


class Flows(msgspec.Struct, frozen=True):
    """All ways of signing in."""

    flows: tuple[Flow, ...]


class RefreshBody(msgspec.Struct, frozen=True):
    """Body of ``POST /refresh``."""

    refresh_token: str


class Refresh(msgspec.Struct, frozen=True):
    """``POST /refresh``."""

    body: RefreshBody


class RefreshReply(msgspec.Struct, frozen=True):
    """The new tokens."""

    access_token: str
    refresh_token: str | None
    expires_in_ms: int | None


class Identity(msgspec.Struct, frozen=True):
    """Whose token it is."""

    user_id: UserId
    device_id: DeviceId
    is_guest: bool = False


async def flows(door: Door, asker: Asker, request: Empty) -> Flows:
    """List the ways of signing in (section Login)."""
    return Flows((Flow(PASSWORD),))


async def sign_in(door: Door, asker: Asker, request: SignIn) -> SessionReply:
    """Sign in by password."""
    body = request.body
    if body.type != PASSWORD:
        raise Refused(BAD_TYPE)
    name = _name(body)
    if body.password is None:
        raise Refused(missing_param("The field password is missing.", "password"))
    wish = SessionWish(
        DeviceId(body.device_id) if body.device_id else None,
        body.initial_device_display_name,
        body.refresh_token,
        request.request.origin(),
    )
    user, session = await commands.sign_in(door.commands, name, body.password, wish)
    return session_reply(user, session)


async def refresh(door: Door, asker: Asker, request: Refresh) -> RefreshReply:
    """Give new tokens for a refresh token (section Refreshing access tokens)."""
    session = await commands.refresh(door.commands, request.body.refresh_token)
    return RefreshReply(session.access_token, session.refresh_token, session.expires_in_ms)


async def sign_out(door: Door, asker: Asker, request: Empty) -> Empty:
    """End this session."""
    await commands.sign_out(door.commands, asker)
    return Empty()


async def sign_out_everywhere(door: Door, asker: Asker, request: Empty) -> Empty:
    """End all sessions of this account."""
    await commands.sign_out_everywhere(door.commands, asker)
    return Empty()


async def whoami(door: Door, asker: Asker, request: Empty) -> Identity:
    """Say whose token it is (section Current account information)."""
    return Identity(asker.user, asker.device)


def session_reply(user: UserId, session: NewSession | None) -> SessionReply:
    """Shape a new session for the client."""
    if session is None:
        return SessionReply(user, server_of(user))
    return SessionReply(
        user, server_of(user), session.access_token, session.device, session.refresh_token, session.expires_in_ms
    )


def _name(body: SignInBody) -> str:
    """Return whom the body names. Nobody here has a mail address or telephone number to sign in with."""
    if body.identifier is None:
        if body.user is None:
            raise Refused(WRONG_PASSWORD if body.medium else missing_param("Who signs in?", "identifier"))
        return body.user
    kind, user = body.identifier.get("type"), body.identifier.get("user")
    if kind in ("m.id.thirdparty", "m.id.phone"):
        raise Refused(WRONG_PASSWORD)
    if kind != "m.id.user":
        raise Refused(invalid_param("identifier.type must be m.id.user", "identifier"))
    if not isinstance(user, str):
        raise Refused(missing_param("The field identifier.user is missing.", "identifier"))
    return user


def _paths(path: str) -> tuple[str, tuple[str, ...]]:
    return f"/_matrix/client/v3{path}", (f"/_matrix/client/r0{path}",)


_LOGIN, _OLD_LOGIN = _paths("/login")
_V3 = "/_matrix/client/v3"

ENDPOINTS = (
    Endpoint("GET", _LOGIN, "public", "none", Empty, Flows, flows, aliases=_OLD_LOGIN),
    Endpoint("POST", _LOGIN, "public", "sign in", SignIn, SessionReply, sign_in, aliases=_OLD_LOGIN),
    Endpoint("POST", f"{_V3}/refresh", "public", "sign in", Refresh, RefreshReply, refresh),
    Endpoint("POST", f"{_V3}/logout", "user", "none", Empty, Empty, sign_out, locked_too=True),
    Endpoint("POST", f"{_V3}/logout/all", "user", "none", Empty, Empty, sign_out_everywhere, locked_too=True),
    Endpoint("GET", f"{_V3}/account/whoami", "user", "read", Empty, Identity, whoami),
)
