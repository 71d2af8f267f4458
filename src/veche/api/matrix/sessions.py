"""Sessions: signing in and out, refreshing, and who am I."""

from typing import Any

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint, RequestFacts
from veche.commands import sessions as commands
from veche.commands.sessions import ByAddress, NewSession, SessionWish
from veche.domain.accounts.addresses import EMAIL, canonical
from veche.domain.ids import DeviceId, UserId, server_of
from veche.domain.refusals import Refusal, Refused, invalid_param, missing_param
from veche.domain.sessions import PASSWORD, TOKEN, WRONG_PASSWORD, Asker
from veche.queries import sessions as queries

BAD_TYPE = Refusal("M_UNKNOWN", 400, f"This server knows no such login type; use {PASSWORD} or {TOKEN}.", "type")


class SignInBody(msgspec.Struct, frozen=True):
    """Body of ``POST /login``; ``user`` is what older clients send instead of ``identifier``."""

    type: str
    identifier: dict[str, Any] | None = None
    user: str | None = None
    medium: str | None = None
    address: str | None = None
    password: str | None = None
    token: str | None = None
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


class Flow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One way of signing in."""

    type: str
    get_login_token: bool = False


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


class LoginTokenBody(msgspec.Struct, frozen=True):
    """Body of ``POST /login/get_token``."""

    auth: dict[str, Any] | None = None


class LoginTokenWish(msgspec.Struct, frozen=True):
    """``POST /login/get_token``."""

    body: LoginTokenBody


class LoginToken(msgspec.Struct, frozen=True):
    """A token with which one more device signs in."""

    login_token: str
    expires_in_ms: int


class OpenIdWish(msgspec.Struct, frozen=True):
    """``POST /user/{userId}/openid/request_token``."""

    user_id: UserId
    body: dict[str, Any]


class OpenIdToken(msgspec.Struct, frozen=True):
    """A token by which a service learns whose it is; ``expires_in`` in seconds."""

    access_token: str
    expires_in: int
    matrix_server_name: str
    token_type: str = "Bearer"


class OpenIdQuestion(msgspec.Struct, frozen=True):
    """``GET /openid/userinfo``."""

    access_token: str


class OpenIdAnswer(msgspec.Struct, frozen=True):
    """Whose OpenID token it is."""

    sub: UserId


class Identity(msgspec.Struct, frozen=True):
    """Whose token it is."""

    user_id: UserId
    device_id: DeviceId
    is_guest: bool = False


async def flows(door: Door, asker: Asker, request: Empty) -> Flows:
    """List the ways of signing in (section Login)."""
    return Flows((Flow(PASSWORD), *((Flow(TOKEN, True),) if door.queries.limits.login_tokens else ())))


async def sign_in(door: Door, asker: Asker, request: SignIn) -> SessionReply:
    """Sign in by password, or by a token that was made on another device."""
    body = request.body
    if body.type not in (PASSWORD, TOKEN):
        raise Refused(BAD_TYPE)
    wish = SessionWish(
        DeviceId(body.device_id) if body.device_id else None,
        body.initial_device_display_name,
        body.refresh_token,
        request.request.origin(),
    )
    if body.type == TOKEN:
        if body.token is None:
            raise Refused(missing_param("The field token is missing.", "token"))
        return session_reply(*await commands.sign_in_by_token(door.commands, body.token, wish))
    name = _name(body)
    if body.password is None:
        raise Refused(missing_param("The field password is missing.", "password"))
    return session_reply(*await commands.sign_in(door.commands, name, body.password, wish))


async def login_token(door: Door, asker: Asker, request: LoginTokenWish) -> LoginToken:
    """Make a token that signs in one more device, after the password has been proven (section Token-based login)."""
    lent = await commands.let_device_in(door.commands, asker, request.body.auth)
    return LoginToken(lent.token, lent.expires_in_ms)


async def openid_token(door: Door, asker: Asker, request: OpenIdWish) -> OpenIdToken:
    """Make a token by which another service learns who somebody is (section OpenID)."""
    lent = await commands.vouch_for(door.commands, asker, request.user_id)
    return OpenIdToken(lent.token, lent.expires_in_ms // 1000, door.queries.limits.server_name)


async def openid_owner(door: Door, asker: Asker, request: OpenIdQuestion) -> OpenIdAnswer:
    """Tell a service whose OpenID token it was shown (server-server API, section OpenID)."""
    return OpenIdAnswer(await queries.vouched_for(door.queries, request.access_token))


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


def _name(body: SignInBody) -> str | ByAddress:
    """Return whom the body names. Nobody here has a telephone number to sign in with."""
    if body.identifier is None:
        if body.user is None:
            return _address(body.medium, body.address)
        return body.user
    kind, user = body.identifier.get("type"), body.identifier.get("user")
    if kind in ("m.id.thirdparty", "m.id.phone"):
        return _address(body.identifier.get("medium", kind), body.identifier.get("address"))
    if kind != "m.id.user":
        raise Refused(invalid_param("identifier.type must be m.id.user", "identifier"))
    if not isinstance(user, str):
        raise Refused(missing_param("The field identifier.user is missing.", "identifier"))
    return user


def _address(medium: object, address: object) -> ByAddress:
    if medium is None:
        raise Refused(missing_param("Who signs in?", "identifier"))
    if medium != EMAIL:
        raise Refused(WRONG_PASSWORD)
    if not isinstance(address, str):
        raise Refused(missing_param("The field address is missing.", "identifier"))
    return ByAddress(canonical(address))


_V3 = "/_matrix/client/v3"
_LOGIN = _V3 + "/login"

ENDPOINTS = (
    Endpoint("GET", _LOGIN, "public", "none", Empty, Flows, flows),
    Endpoint("POST", _LOGIN, "public", "sign in", SignIn, SessionReply, sign_in),
    Endpoint("POST", "/_matrix/client/v1/login/get_token", "user", "sign in", LoginTokenWish, LoginToken, login_token),
    Endpoint(
        "POST",
        f"{_V3}/user/{{user_id}}/openid/request_token",
        "user",
        "write",
        OpenIdWish,
        OpenIdToken,
        openid_token,
        body_optional=True,
    ),
    Endpoint(
        "GET", "/_matrix/federation/v1/openid/userinfo", "public", "read", OpenIdQuestion, OpenIdAnswer, openid_owner
    ),
    Endpoint("POST", f"{_V3}/refresh", "public", "sign in", Refresh, RefreshReply, refresh),
    Endpoint("POST", f"{_V3}/logout", "user", "none", Empty, Empty, sign_out, locked_too=True),
    Endpoint("POST", f"{_V3}/logout/all", "user", "none", Empty, Empty, sign_out_everywhere, locked_too=True),
    Endpoint("GET", f"{_V3}/account/whoami", "user", "read", Empty, Identity, whoami),
)
