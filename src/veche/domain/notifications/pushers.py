"""Pushers: where somebody wants to be notified outside their clients, and what a client may ask for.

Which gateways may be reached is decided in ``gateways.py``; nothing is sent here.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from veche.base import json
from veche.domain.accounts.addresses import canonical
from veche.domain.ids import DeviceId, Position, UserId
from veche.domain.notifications.digests import APP_ID, Told
from veche.domain.refusals import Refusal, bad_json, invalid_param, missing_param

PusherKind = Literal["http", "email"]

EVENT_ID_ONLY: Final = "event_id_only"
LONGEST_APP_ID: Final = 64  # characters
LONGEST_PUSHKEY: Final = 512  # bytes
LONGEST_TEXT: Final = 255  # characters
LARGEST_DATA: Final = 4096  # bytes
MOST_PUSHERS: Final = 100  # of one person

_NEEDED: Final = ("app_display_name", "device_display_name", "lang", "data")


class PusherKey(msgspec.Struct, frozen=True):
    """What tells one pusher from another: whose it is, which application, and the address within that.

    For mail ``app_id`` is ``m.email`` and ``pushkey`` the canonical address.
    """

    user_id: UserId
    app_id: str
    pushkey: str


class Pusher(msgspec.Struct, frozen=True):
    """A pusher as its owner set it, and how far it has come.

    ``data`` is the client's, with ``url`` for the kind http. Everything up to ``position`` was sent or passed over;
    ``badge`` is the unread count told last. ``is_behind`` says that something waits although the server may have been
    restarted since; ``failing_since_ts`` (milliseconds) since when nothing arrives. After long failure a pusher is
    disabled until its owner sets it again. It ends with the device that set it.
    """

    key: PusherKey
    kind: PusherKind
    device_id: DeviceId
    app_display_name: str
    device_display_name: str
    profile_tag: str | None
    lang: str
    data: dict[str, Any]
    set_ts: int
    position: Position
    badge: int = 0
    is_behind: bool = False
    failing_since_ts: int | None = None
    disabled_ts: int | None = None


class Telling(msgspec.Struct, frozen=True):
    """What is to be noted of a digest that was sent: whose it is, when they were told, and everything up to where."""

    pusher: Pusher
    told: Told
    until: Position


class WantedPusher(msgspec.Struct, frozen=True):
    """What a client asks for; without a kind the pusher is to be removed."""

    app_id: str
    pushkey: str
    kind: PusherKind | None
    app_display_name: str = ""
    device_display_name: str = ""
    profile_tag: str | None = None
    lang: str = ""
    data: dict[str, Any] = {}
    appends: bool = False


def read_pusher(body: Mapping[str, Any]) -> WantedPusher | Refusal:
    """Read the body of ``POST /pushers/set``; every refusal is a 400 (section Push Notifications).

    An address is read in its one form: otherwise each way of writing it would be a pusher, with letters of its own.
    """
    if "kind" not in body:
        return missing_param("A pusher needs a kind; null removes it.", "kind")
    named = _refuse_texts(body, ("app_id", "pushkey"))
    if named is not None:
        return named
    app_id, pushkey, kind = body["app_id"], body["pushkey"], body["kind"]
    if len(app_id) > LONGEST_APP_ID:
        return invalid_param(f"An app_id has at most {LONGEST_APP_ID} characters.", "app_id")
    if len(pushkey.encode()) > LONGEST_PUSHKEY:
        return invalid_param(f"A pushkey has at most {LONGEST_PUSHKEY} bytes.", "pushkey")
    pushkey = canonical(pushkey) if app_id == APP_ID else pushkey
    return WantedPusher(app_id, pushkey, None) if kind is None else _wanted(body, kind, pushkey)


def _wanted(body: Mapping[str, Any], kind: Any, pushkey: str) -> WantedPusher | Refusal:
    if kind not in ("http", "email"):
        return invalid_param("There are pushers of the kinds http and email.", "kind")
    if (kind == "email") != (body["app_id"] == APP_ID):
        return invalid_param(f"The application {APP_ID} is for the kind email, and for no other.", "app_id")
    missing = [name for name in _NEEDED if name not in body]
    if missing:
        return missing_param(f"Missing parameters: {', '.join(missing)}.", missing[0])
    refusal = _refuse_texts(body, _NEEDED[:3], LONGEST_TEXT) or _refuse_optional(body) or _refuse_data(kind, body)
    if refusal is not None:
        return refusal
    return WantedPusher(
        body["app_id"],
        pushkey,
        kind,
        body["app_display_name"],
        body["device_display_name"],
        body.get("profile_tag"),
        body["lang"],
        body["data"],
        body.get("append") is True,
    )


def _refuse_texts(body: Mapping[str, Any], names: tuple[str, ...], longest: int | None = None) -> Refusal | None:
    for name in names:
        value = body.get(name)
        if value is None:
            return missing_param(f"A pusher needs a text in {name}.", name)
        if not isinstance(value, str):
            return bad_json(f"{name} must be a text.", name)
        if not value and name in ("app_id", "pushkey"):
            return missing_param(f"{name} is empty.", name)
        if "\x00" in value or len(value) > (longest or LONGEST_PUSHKEY):
            return invalid_param(f"{name} has at most {longest or LONGEST_PUSHKEY} characters and no NUL.", name)
    return None


def _refuse_optional(body: Mapping[str, Any]) -> Refusal | None:
    tag, append = body.get("profile_tag"), body.get("append", False)
    if tag is not None and (not isinstance(tag, str) or len(tag) > LONGEST_TEXT or "\x00" in tag):
        return invalid_param(f"profile_tag is a text of at most {LONGEST_TEXT} characters.", "profile_tag")
    if not isinstance(append, bool):
        return bad_json("append must be true or false.", "append")
    return None


def _refuse_data(kind: PusherKind, body: Mapping[str, Any]) -> Refusal | None:
    data = body["data"]
    if not isinstance(data, dict):
        return bad_json("data must be an object.", "data")
    if len(json.encode(data)) > LARGEST_DATA:
        return invalid_param(f"data has at most {LARGEST_DATA} bytes.", "data")
    if kind == "http" and "url" not in data:
        return missing_param("data needs the url of the push gateway.", "data")
    if kind == "http" and data.get("format", EVENT_ID_ONLY) != EVENT_ID_ONLY:
        return invalid_param(f"The only format there is is {EVENT_ID_ONLY}.", "data")
    return None
