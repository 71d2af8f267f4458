"""Events as bytes: encoded once within the limits, joined for their readers; and which relations they declare."""

import json
from typing import Any

import pytest

from veche.domain.events import Draft
from veche.domain.ids import DeviceId, EventId, Position, RoomId, UserId
from veche.domain.refusals import Refusal
from veche.domain.timeline import (
    LARGEST_EVENT,
    Event,
    NewEvent,
    Relation,
    client_json,
    content_of,
    encode_event,
    is_edit_of,
    relation_of,
    stripped_json,
)

ROOM = RoomId("!room:veche.test")
ANNA, BORIS = UserId("@anna:veche.test"), UserId("@boris:veche.test")


def encoded(draft: Draft, salt: bytes = b"salt", txn: str | None = "1") -> NewEvent:
    """An event that can be encoded."""
    made = encode_event(ROOM, ANNA, draft, 1_000, salt, DeviceId("PHONE"), txn)
    assert isinstance(made, NewEvent), made
    return made


def event(kind: str = "m.room.message", content: dict[str, Any] | None = None, key: str | None = None) -> Event:
    """An event of the log, by Anna."""
    new = encoded(Draft(kind, content or {}, key))
    return Event(Position(1), new.event_id, ROOM, kind, key, ANNA, 1_000, new.json)


def test_an_event_is_canonical_json() -> None:
    new = encoded(Draft("x.y", {"b": "ж", "a": [1, {"d": None, "c": True}]}, "key", EventId("$target")))
    assert new.json.decode() == (
        '{"content":{"a":[1,{"c":true,"d":null}],"b":"ж"},"event_id":"' + new.event_id + '","origin_server_ts":1000,'
        '"redacts":"$target","sender":"@anna:veche.test","state_key":"key","type":"x.y"}'
    )
    assert (new.room_id, new.sender, new.ts, new.device, new.txn) == (ROOM, ANNA, 1_000, "PHONE", "1")


def test_an_id_cannot_be_guessed_from_what_is_in_the_event() -> None:
    draft = Draft("x", {})
    ids = {encoded(draft, salt).event_id for salt in (b"one", b"two")}
    assert len(ids) == 2
    assert encoded(draft).event_id == encoded(draft).event_id
    for event_id in ids:
        assert len(event_id) == 44
        assert event_id[0] == "$"
        assert not set("+/=") & set(event_id)


@pytest.mark.parametrize(
    ("draft", "txn", "code", "said"),
    [
        (Draft("", {}), None, "M_INVALID_PARAM", "type is empty"),
        (Draft("x" * 256, {}), None, "M_TOO_LARGE", "type is longer"),
        (Draft("ж" * 128, {}), None, "M_TOO_LARGE", "type is longer"),
        (Draft("x\x00", {}), None, "M_INVALID_PARAM", "NUL"),
        (Draft("\ud800", {}), None, "M_BAD_JSON", "type is not valid text"),
        (Draft("x", {}, "x" * 256), None, "M_TOO_LARGE", "state_key is longer"),
        (Draft("x", {}, "a\x00"), None, "M_INVALID_PARAM", "NUL"),
        (Draft("x", {}, "\udfff"), None, "M_BAD_JSON", "state_key is not valid text"),
        (Draft("x", {}), "", "M_INVALID_PARAM", "transaction"),
        (Draft("x", {}), "x" * 256, "M_INVALID_PARAM", "transaction"),
        (Draft("x", {"a": 0.5}), None, "M_BAD_JSON", "0.5"),
        (Draft("x", {"a": 2**53}), None, "M_BAD_JSON", "2^53"),
        (Draft("x", {"a": "\ud800"}), None, "M_BAD_JSON", "surrogates"),
        (Draft("x", {"a": "x" * LARGEST_EVENT}), None, "M_TOO_LARGE", str(LARGEST_EVENT)),
    ],
)
def test_what_cannot_be_an_event(draft: Draft, txn: str | None, code: str, said: str) -> None:
    refusal = encode_event(ROOM, ANNA, draft, 1, b"", None, txn)
    assert isinstance(refusal, Refusal)
    assert refusal.code == code
    assert refusal.status == (413 if code == "M_TOO_LARGE" else 400)
    assert said in refusal.text


def test_the_longest_names_fit() -> None:
    encoded(Draft("x" * 255, {}, "ж" * 127 + "x"), txn="x" * 255)


def test_the_largest_event_fits_with_its_room() -> None:
    empty = len(client_json(event(content={"a": ""}), b"{}", with_room=True)) - len(',"unsigned":{}')
    fits = event(content={"a": "x" * (LARGEST_EVENT - empty)})
    assert len(client_json(fits, b"{}", with_room=True)) - len(',"unsigned":{}') == LARGEST_EVENT
    draft = Draft("m.room.message", {"a": "x" * (LARGEST_EVENT - empty + 1)})
    assert isinstance(encode_event(ROOM, ANNA, draft, 1_000, b"", None, None), Refusal)


def test_bytes_are_joined_for_readers() -> None:
    one = event("m.room.name", {"name": "Kitchen"}, "")
    whole = json.loads(client_json(one, b'{"age":7}', with_room=True))
    assert (whole["room_id"], whole["unsigned"], whole["content"]) == (ROOM, {"age": 7}, {"name": "Kitchen"})
    assert "room_id" not in json.loads(client_json(one, b"{}", with_room=False))
    assert json.loads(stripped_json(one)) == {
        "content": {"name": "Kitchen"},
        "sender": ANNA,
        "state_key": "",
        "type": "m.room.name",
    }
    assert content_of(one) == {"name": "Kitchen"}


WHOLE = {"event_id": "$x", "rel_type": "m.annotation", "key": "👍"}


@pytest.mark.parametrize(
    ("relates", "expected"),
    [
        (WHOLE, Relation(EventId("$x"), "m.annotation", "👍")),
        ({**WHOLE, "key": 7}, Relation(EventId("$x"), "m.annotation")),
        ({**WHOLE, "key": "a\x00"}, Relation(EventId("$x"), "m.annotation")),
        ({"event_id": "$x", "rel_type": "m.thread"}, Relation(EventId("$x"), "m.thread")),
        ({"event_id": "$x"}, None),
        ({"rel_type": "m.thread"}, None),
        ({"m.in_reply_to": {"event_id": "$x"}}, None),
        ({**WHOLE, "event_id": 7}, None),
        ({**WHOLE, "rel_type": ["m.thread"]}, None),
        ({**WHOLE, "event_id": "$" + "x" * 255}, None),
        ({**WHOLE, "rel_type": "ж" * 128}, None),
        ({**WHOLE, "event_id": "$\x00"}, None),
        ("m.thread", None),
        ([], None),
        (None, None),
    ],
)
def test_relations(relates: Any, expected: Relation | None) -> None:
    assert relation_of({"m.relates_to": relates}) == expected


NEW = {"m.new_content": {"body": "better"}}
EDIT = {"m.relates_to": {"rel_type": "m.replace", "event_id": "$x"}}
THREADED = {"m.relates_to": {"rel_type": "m.thread", "event_id": "$x"}}


@pytest.mark.parametrize(
    ("parent", "sender", "draft", "expected"),
    [
        (event(), ANNA, Draft("m.room.message", NEW), True),
        (event(content=THREADED), ANNA, Draft("m.room.message", NEW), True),
        (event(content=EDIT), ANNA, Draft("m.room.message", NEW), False),
        (event(), BORIS, Draft("m.room.message", NEW), False),
        (event(), ANNA, Draft("m.room.encrypted", NEW), False),
        (event(), ANNA, Draft("m.room.message", {}), False),
        (event(), ANNA, Draft("m.room.message", {"m.new_content": "better"}), False),
        (event(key=""), ANNA, Draft("m.room.message", NEW), False),
        (event("m.room.encrypted"), ANNA, Draft("m.room.encrypted", {"ciphertext": "x"}), True),
    ],
)
def test_edits(parent: Event, sender: UserId, draft: Draft, expected: bool) -> None:
    assert is_edit_of(parent, sender, draft) is expected
