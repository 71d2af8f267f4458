"""Sessions with all that is known of them, and the history of signing in: one's own, and for administrators others'."""

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.api.veche.accounts.administering import ACCOUNT
from veche.commands import sessions as commands
from veche.domain.devices import DeviceUse
from veche.domain.ids import DeviceId, UserId
from veche.domain.sessions import MOST_SIGN_INS, Asker, SignIn, Strangers
from veche.queries import devices, sessions

_NEWEST = 2**53 - 1


class Sessions(msgspec.Struct, frozen=True):
    """Somebody's sessions, oldest first; ``own`` is the one that asks, None among somebody else's."""

    sessions: list[DeviceUse]
    own: DeviceId | None = None


class OfSomebody(msgspec.Struct, frozen=True):
    """Whose sessions."""

    user_id: UserId


class EndingBody(msgspec.Struct, frozen=True):
    """Why."""

    reason: str = ""


class EndingAll(msgspec.Struct, frozen=True):
    """``DELETE /accounts/{user_id}/sessions``."""

    user_id: UserId
    body: EndingBody


class EndingOne(msgspec.Struct, frozen=True):
    """``DELETE /accounts/{user_id}/sessions/{device_id}``."""

    user_id: UserId
    device_id: DeviceId
    body: EndingBody


class HistoryRequest(msgspec.Struct, frozen=True):
    """``GET /sign_ins``: entries older than the one numbered ``from``."""

    from_: int = msgspec.field(name="from", default=_NEWEST)
    limit: int = 100


class HistoryOfSomebody(msgspec.Struct, frozen=True):
    """``GET /accounts/{user_id}/sign_ins``."""

    user_id: UserId
    from_: int = msgspec.field(name="from", default=_NEWEST)
    limit: int = 100


class History(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who signed in or tried to, the newest first; ``next_batch`` stands where there may be more."""

    sign_ins: list[SignIn]
    next_batch: int | None = None


class StrangersRequest(msgspec.Struct, frozen=True):
    """``GET /strangers``."""

    limit: int = 100


class StrangersReply(msgspec.Struct, frozen=True):
    """From where names were tried that nobody bears; ``day`` counts from 1970."""

    strangers: list[Strangers]


async def own_sessions(door: Door, asker: Asker, request: Empty) -> Sessions:
    """List the asker's sessions with when, from where and with what each was last used."""
    return Sessions(await devices.own_uses(door.queries, asker), asker.device)


async def sessions_of(door: Door, asker: Asker, request: OfSomebody) -> Sessions:
    """List somebody's sessions."""
    own = asker.device if asker.user == request.user_id else None
    return Sessions(await devices.uses_of(door.queries, asker, request.user_id), own)


async def sign_out(door: Door, asker: Asker, request: EndingAll) -> Empty:
    """End all sessions of somebody."""
    await commands.sign_somebody_out(door.commands, asker, request.user_id, None, request.body.reason)
    return Empty()


async def sign_out_one(door: Door, asker: Asker, request: EndingOne) -> Empty:
    """End one session of somebody."""
    device, reason = request.device_id, request.body.reason
    await commands.sign_somebody_out(door.commands, asker, request.user_id, device, reason)
    return Empty()


async def own_history(door: Door, asker: Asker, request: HistoryRequest) -> History:
    """Show when and from where the asker signed in, or somebody tried to."""
    limit = _within(request.limit)
    return _history(await sessions.own_sign_ins(door.queries, asker, request.from_, limit), limit)


async def history_of(door: Door, asker: Asker, request: HistoryOfSomebody) -> History:
    """Show when and from where somebody signed in, or tried to."""
    limit = _within(request.limit)
    found = await sessions.sign_ins_of(door.queries, asker, request.user_id, request.from_, limit)
    return _history(found, limit)


async def strangers(door: Door, asker: Asker, request: StrangersRequest) -> StrangersReply:
    """Show from where names were tried that nobody bears."""
    return StrangersReply(await sessions.strangers(door.queries, asker, _within(request.limit)))


def _within(limit: int) -> int:
    return max(1, min(limit, MOST_SIGN_INS))


def _history(found: list[SignIn], limit: int) -> History:
    return History(found, found[-1].number if len(found) == limit else None)


_SESSIONS = f"{ACCOUNT}/sessions"
_ONE = f"{_SESSIONS}/{{device_id}}"
_HISTORY = f"{ACCOUNT}/sign_ins"
_STRANGERS = "/_veche/v1/strangers"

ENDPOINTS = (
    Endpoint("GET", "/_veche/v1/sessions", "user", "read", Empty, Sessions, own_sessions),
    Endpoint("GET", "/_veche/v1/sign_ins", "user", "read", HistoryRequest, History, own_history),
    Endpoint("GET", _SESSIONS, "administrator", "read", OfSomebody, Sessions, sessions_of),
    Endpoint("DELETE", _SESSIONS, "administrator", "write", EndingAll, Empty, sign_out, body_optional=True),
    Endpoint("DELETE", _ONE, "administrator", "write", EndingOne, Empty, sign_out_one, body_optional=True),
    Endpoint("GET", _HISTORY, "administrator", "read", HistoryOfSomebody, History, history_of),
    Endpoint("GET", _STRANGERS, "administrator", "read", StrangersRequest, StrangersReply, strangers),
)
