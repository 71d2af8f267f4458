"""Requests of the table with one thing in each replaced by something hostile. Who asks, and what comes of it, is not
known here.
"""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from tests.authorisation.askers import JOINED
from tests.authorisation.rows import Ask, ask

TEXTS = (
    "\x00",
    "a\x00b",
    "",
    "\U0010fffe\u202e\u0000",
    "x" * 300,
    "x" * 66_000,
    "%",
    "'\"\\",
    "-1",
    str(2**53 - 1),
    "9" * 400,
)
TORN = "\ud800"
NUMBERS = (-1, 0, 2**31, 2**53, 2**63, 2**64, -(2**63) - 1, 10**40)
WAITING = frozenset({"timeout", "timeout_ms"})
"""Whoever is asked to wait for ever does so, as long as a server allows."""


class Hostile(msgspec.Struct, frozen=True):
    """One request, and what is wrong with it."""

    what: str
    place: dict[str, str]
    query: dict[str, str]
    body: Any


_EVENTS: dict[str, Any] = {
    "limit": 5,
    "types": ["m.room.*"],
    "not_types": ["m.room.name"],
    "senders": ["@anna:veche.test"],
    "not_senders": ["@nobody:veche.test"],
    "rooms": ["$shared_room"],
    "not_rooms": ["$lobby"],
    "related_by_rel_types": ["m.thread"],
    "related_by_senders": ["@anna:veche.test"],
    "contains_url": False,
    "lazy_load_members": True,
}
_OF_ROOMS = dict.fromkeys(("timeline", "state", "ephemeral", "account_data"), _EVENTS)
_OF_A_SYNC = {"room": {**_OF_ROOMS, "rooms": ["$shared_room"]}, "presence": _EVENTS, "event_fields": ["content.body"]}
_CONDITION = {"kind": "event_match", "key": "content.body", "pattern": "ca?e*"}
_RULE = {
    "actions": ["notify", {"set_tweak": "sound", "value": "ping"}],
    "conditions": [
        _CONDITION,
        {"kind": "event_property_is", "key": "content.n", "value": 1},
        {"kind": "room_member_count", "is": ">2"},
        {"kind": "sender_notification_permission", "key": "room"},
    ],
}
_ROOM = {
    "name": "Room",
    "topic": "talk",
    "room_alias_name": "hostile",
    "preset": "private_chat",
    "visibility": "public",
    "room_version": "11",
    "invite": ["@boris:veche.test"],
    "is_direct": True,
    "creation_content": {"m.federate": False, "type": "m.space"},
    "power_level_content_override": {"users": {"$me": 100}, "events": {"m.room.name": 50}, "ban": 50},
    "initial_state": [{"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "knock"}}],
}
_MESSAGE = {
    "msgtype": "m.text",
    "body": "hello Anna",
    "m.mentions": {"user_ids": ["@anna:veche.test"], "room": False},
    "m.relates_to": {"rel_type": "m.thread", "event_id": "$$x", "m.in_reply_to": {"event_id": "$$y"}},
    "file": {"url": "mxc://veche.test/abc"},
}
_IN = {"room_id": "$shared_room"}
MORE: dict[str, tuple[Ask, ...]] = {
    "GET /v3/sync": (ask("filtered", query={"filter": json.dumps(_OF_A_SYNC), "since": "s1.1.x.1"}),),
    "POST /v3/user/{user_id}/filter": (ask("whole", {"user_id": "$me"}, body=_OF_A_SYNC),),
    "GET /v3/rooms/{room_id}/messages": (
        ask("filtered", _IN, query={"dir": "b", "filter": json.dumps(_EVENTS), "from": "99999", "to": "2"}, may=JOINED),
    ),
    "PUT /v3/pushrules/global/{kind}/{rule_id}": (
        ask("whole", {"kind": "override", "rule_id": "mine"}, body=_RULE),
        ask("of content", {"kind": "content", "rule_id": "cake"}, body={"actions": ["notify"], "pattern": "cake"}),
    ),
    "POST /v3/createRoom": (ask("whole", body=_ROOM),),
    "PUT /v3/rooms/{room_id}/send/{event_type}/{txn_id}": (
        ask("whole", {**_IN, "event_type": "m.room.message", "txn_id": "h"}, body=_MESSAGE, may=JOINED),
    ),
    "POST /v3/login": (
        ask(
            "whole",
            body={
                "type": "m.login.password",
                "identifier": {"type": "m.id.user", "user": "$me"},
                "password": "$password",
                "device_id": "HOSTILE",
                "initial_device_display_name": "a device",
                "refresh_token": True,
            },
        ),
    ),
    "POST /v3/register": (
        ask(
            "whole",
            body={
                "auth": {"type": "m.login.dummy"},
                "username": "hostile-$fresh",
                "password": "long enough by far",
                "device_id": "HOSTILE",
                "initial_device_display_name": "a device",
            },
        ),
    ),
    "POST /v3/keys/upload": (
        ask(
            "whole",
            body={
                "device_keys": {
                    "user_id": "$me",
                    "device_id": "$device",
                    "algorithms": ["m.olm.v1.curve25519-aes-sha2"],
                    "keys": {"ed25519:$device": "k"},
                    "signatures": {"$me": {"ed25519:$device": "s"}},
                },
                "one_time_keys": {"signed_curve25519:h": {"key": "k", "signatures": {"$me": {"ed25519:x": "s"}}}},
                "fallback_keys": {
                    "signed_curve25519:f": {"key": "k", "fallback": True, "signatures": {"$me": {"ed25519:x": "s"}}}
                },
            },
        ),
    ),
}
"""Requests with more in them than the table needs."""


def shapes(name: str, row: tuple[Ask, ...]) -> list[Ask]:
    """Return those of an endpoint's requests that differ in more than whom or what they name."""
    found: dict[str, Ask] = {}
    for asked in (*MORE.get(name, ()), *sorted(row, key=lambda asked: not asked.may)):
        found.setdefault(repr((sorted(asked.place), sorted(asked.query), _shape(asked.body))), asked)
    return list(found.values())


def spoilt(place: dict[str, str], query: dict[str, str], body: Any, known: set[str]) -> Iterator[Hostile]:
    """Return the request again and again, each time with another thing in it spoilt; ``known`` are the parameters
    that its query may have.
    """
    for name in sorted(known - query.keys() - WAITING):
        for text in TEXTS:
            yield Hostile(f"?{name} = {text[:9]!r}, added", place, {**query, name: text}, body)
    for name, value in query.items():
        if value.startswith("{"):
            for where, other in _changed(json.loads(value), f"?{name}"):
                yield Hostile(where, place, {**query, name: json.dumps(other)}, body)
    for text in TEXTS:
        for name in place if text else ():  # nothing at all would be another path
            yield Hostile(f"{name} = {text[:9]!r}", {**place, name: text}, query, body)
        for name in sorted(query.keys() - WAITING):
            yield Hostile(f"?{name} = {text[:9]!r}", place, {**query, name: text}, body)
    if isinstance(body, dict | list):
        for where, other in _changed(body, "body"):
            yield Hostile(where, place, query, other)


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name.partition("$")[0]: _shape(inner) for name, inner in sorted(value.items())}
    return [_shape(inner) for inner in value[:1]] if isinstance(value, list) else type(value).__name__


def _changed(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Return a body with one leaf, or one name, replaced; and where that is."""
    if isinstance(value, dict):
        for name, inner in value.items():
            others = {other: left for other, left in value.items() if other != name}
            for text in (*TEXTS[:3], "x" * 300):
                yield f"{where}, the name {name} = {text[:9]!r}", {**others, text: inner}
            for deeper, other in _changed(inner, f"{where}.{name}"):
                yield deeper, {**value, name: other}
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            for deeper, other in _changed(inner, f"{where}[{at}]"):
                yield deeper, [*value[:at], other, *value[at + 1 :]]
        yield f"{where}, a thousand times as long", (value or [1]) * 1000
    else:
        instead: tuple[Any, ...] = (*TEXTS, TORN) if isinstance(value, str) else (*NUMBERS, 1.5, "1")
        for odd in (*instead, None, [], {}, ["\x00"], {"\x00": "\x00"}, _deep()):
            yield f"{where} = {str(odd)[:9]!r}", odd


def _deep() -> Any:
    """Nested as deeply as JSON may be that is decoded, and deeper than what is stored."""
    value: Any = "x"
    for _ in range(700):
        value = [value]
    return value
