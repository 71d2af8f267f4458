"""Keys, signatures, backups: what is read, what is refused, what replaces what."""

from typing import Any

import pytest

from veche.base import json
from veche.domain.encryption.cross_signing import (
    CrossSigningKey,
    KeySet,
    Usage,
    may_upload,
    needs_reauthentication,
    read_keys,
    replaced_keys,
)
from veche.domain.encryption.device_keys import (
    MOST_ONE_TIME_KEYS,
    read_device_keys,
    read_fallback_keys,
    read_one_time_keys,
)
from veche.domain.encryption.key_backup import BackedUpKey, is_better, read_backup, read_sessions, version_number
from veche.domain.encryption.shapes import LARGEST_OBJECT, encode_object, is_name
from veche.domain.encryption.signatures import new_signatures, shown_key, signatures_by
from veche.domain.encryption.to_device import EVERY_DEVICE, DeviceMessage, encode_messages
from veche.domain.ids import DeviceId, RoomId, UserId
from veche.domain.refusals import Refusal

ANNA, BORIS = UserId("@anna:x"), UserId("@boris:x")
PHONE, DESK = DeviceId("PHONE"), DeviceId("DESK")
ALL = DeviceId(EVERY_DEVICE)
ROOM = RoomId("!hall:x")


def code_of(outcome: object) -> str | None:
    """Return the code of a refusal, or None for anything else."""
    return outcome.code if isinstance(outcome, Refusal) else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A", True),
        ("a" * 255, True),
        ("", False),
        ("a" * 256, False),
        ("я" * 127, True),
        ("я" * 128, False),
        ("a\0", False),
    ],
)
def test_names(text: str, expected: bool) -> None:
    assert is_name(text) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": 1, "a": "я"}, None),
        ({"n": 2**53 - 1}, None),
        ({"n": 2**53}, "M_BAD_JSON"),
        ({"n": 0.5}, "M_BAD_JSON"),
        ("x" * (LARGEST_OBJECT - 2), None),
        ("x" * (LARGEST_OBJECT - 1), "M_TOO_LARGE"),
    ],
)
def test_objects_are_canonical_and_bounded(value: Any, expected: str | None) -> None:
    assert code_of(encode_object(value, "field")) == expected


def test_deep_nesting_is_refused() -> None:
    value: Any = 1
    for _ in range(200):
        value = [value]
    assert code_of(encode_object(value, "field")) == "M_BAD_JSON"


IDENTITY = {
    "user_id": ANNA,
    "device_id": PHONE,
    "algorithms": [],
    "keys": {"ed25519:PHONE": "k"},
    "signatures": {ANNA: {"ed25519:PHONE": "s"}},
}


def test_device_keys_keep_what_is_not_known_and_lose_unsigned() -> None:
    stored = read_device_keys({**IDENTITY, "unsigned": {"name": "n"}, "future": {"b": 1, "a": 2}}, ANNA, PHONE)
    assert stored == json.encode({**IDENTITY, "future": {"a": 2, "b": 1}})


@pytest.mark.parametrize(
    ("change", "user", "device", "expected"),
    [
        ({}, ANNA, PHONE, None),
        ({}, BORIS, PHONE, "M_INVALID_PARAM"),
        ({}, ANNA, DESK, "M_INVALID_PARAM"),
        ({"user_id": 1}, ANNA, PHONE, "M_BAD_JSON"),
        ({"keys": {"a": None}}, ANNA, PHONE, "M_BAD_JSON"),
        ({"more": "x" * LARGEST_OBJECT}, ANNA, PHONE, "M_TOO_LARGE"),
    ],
)
def test_device_keys(change: dict[str, Any], user: UserId, device: DeviceId, expected: str | None) -> None:
    assert code_of(read_device_keys({**IDENTITY, **change}, user, device)) == expected


def test_a_one_time_key_is_the_same_whoever_signed_it() -> None:
    first, second, third, fourth = (
        read_one_time_keys({name: {"key": key, "signatures": {ANNA: {"ed25519:PHONE": signature}}}})
        for name, key, signature in (("a:1", "k", "s"), ("a:1", "k", "t"), ("a:1", "l", "s"), ("a:2", "k", "s"))
    )
    assert isinstance(first, list)
    assert isinstance(second, list)
    assert isinstance(third, list)
    assert isinstance(fourth, list)
    assert (first[0].algorithm, first[0].key_id, first[0].name) == ("a", "1", "a:1")
    assert first[0].digest == second[0].digest
    assert len({keys[0].digest for keys in (first, third, fourth)}) == 3


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, None),
        ({"curve25519:A": "plain"}, None),
        ({"a:b:c": "plain"}, None),
        ({"curve25519": "plain"}, "M_BAD_JSON"),
        ({"a:b": {"key": "k"}}, "M_BAD_JSON"),
        ({"a:b": "x" * LARGEST_OBJECT}, "M_TOO_LARGE"),
        ({f"a:{at}": "k" for at in range(MOST_ONE_TIME_KEYS)}, None),
        ({f"a:{at}": "k" for at in range(MOST_ONE_TIME_KEYS + 1)}, "M_INVALID_PARAM"),
    ],
)
def test_one_time_keys(keys: dict[str, Any], expected: str | None) -> None:
    assert code_of(read_one_time_keys(keys)) == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"a:1": "k", "b:1": "k"}, None),
        ({"a:1": "k", "a:2": "k"}, "M_INVALID_PARAM"),
        ({"a": "k"}, "M_BAD_JSON"),
    ],
)
def test_fallback_keys(keys: dict[str, Any], expected: str | None) -> None:
    assert code_of(read_fallback_keys(keys)) == expected


SIGNED: dict[str, Any] = {"keys": {"ed25519:M": "M"}, "user_id": str(ANNA)}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({**SIGNED, "signatures": {BORIS: {"ed25519:U": "s"}}}, {"ed25519:U": "s"}),
        (
            {**SIGNED, "signatures": {BORIS: {"ed25519:U": "s", "ed25519:X": "t"}, ANNA: {"ed25519:U": "u"}}},
            {"ed25519:U": "s"},
        ),
        ({**SIGNED, "unsigned": 1, "signatures": {BORIS: {"ed25519:U": "s"}}}, {"ed25519:U": "s"}),
        ({**SIGNED, "signatures": {BORIS: {"ed25519:X": "s"}}}, "M_INVALID_SIGNATURE"),
        ({**SIGNED, "signatures": {BORIS: {"ed25519:U": 7}}}, "M_INVALID_SIGNATURE"),
        ({**SIGNED, "signatures": {BORIS: {"ed25519:U": "s\0"}}}, "M_INVALID_SIGNATURE"),
        ({**SIGNED, "signatures": {BORIS: {"ed25519:U": "s" * 1001}}}, "M_INVALID_SIGNATURE"),
        ({**SIGNED, "signatures": {BORIS: []}}, "M_INVALID_SIGNATURE"),
        ({**SIGNED, "signatures": []}, "M_INVALID_SIGNATURE"),
        (SIGNED, "M_INVALID_SIGNATURE"),
        ({**SIGNED, "more": 1, "signatures": {BORIS: {"ed25519:U": "s"}}}, "M_INVALID_SIGNATURE"),
        ({"signatures": {BORIS: {"ed25519:U": "s"}}}, "M_INVALID_SIGNATURE"),
        (7, "M_BAD_JSON"),
    ],
)
def test_signatures_that_may_be_added(given: Any, expected: dict[str, str] | str) -> None:
    stored = json.encode({**SIGNED, "signatures": {ANNA: {"ed25519:PHONE": "own"}}})
    found = new_signatures(given, stored, BORIS, ["ed25519:U", "ed25519:V"])
    assert (code_of(found) or found) == expected


def test_a_shown_key_has_all_signatures_and_the_device_name() -> None:
    bare, own = json.encode(SIGNED), json.encode({**SIGNED, "signatures": {ANNA: {"a": "1"}}})
    assert shown_key(own, []) == own
    assert json.decode(shown_key(bare, [(BORIS, "b", "2")])) == {**SIGNED, "signatures": {BORIS: {"b": "2"}}}
    shown = json.decode(shown_key(own, [(ANNA, "c", "3"), (BORIS, "b", "2")], 'a "desk"'))
    assert shown["signatures"] == {ANNA: {"a": "1", "c": "3"}, BORIS: {"b": "2"}}
    assert shown["unsigned"] == {"device_display_name": 'a "desk"'}
    assert signatures_by(shown, ANNA) == {"a": "1", "c": "3"}


def keys(**public: str) -> KeySet:
    """A set of keys, each signed by the master key that ``by`` names, or by the set's own."""
    signer = public.pop("by", public.get("master", ""))
    made: dict[Usage, CrossSigningKey] = {}
    for usage in ("master", "self_signing", "user_signing"):
        if usage in public:
            text = json.encode({"keys": public[usage], "signatures": {ANNA: {f"ed25519:{signer}": "s"}}})
            made[usage] = CrossSigningKey(usage, public[usage], text)
    return made


WHOLE = keys(master="M", self_signing="S", user_signing="U")


@pytest.mark.parametrize(
    ("present", "new", "expected"),
    [
        ({}, WHOLE, None),
        ({}, keys(master="M"), None),
        ({}, {}, "M_MISSING_PARAM"),
        ({}, keys(self_signing="S", by="M"), "M_MISSING_PARAM"),
        (keys(master="M"), keys(self_signing="S", by="M"), None),
        (keys(master="M"), keys(self_signing="S", by="N"), "M_INVALID_SIGNATURE"),
        (keys(master="M"), keys(master="N", user_signing="U"), None),
        (keys(master="M"), keys(master="N", user_signing="U", by="M"), "M_INVALID_SIGNATURE"),
        ({}, keys(master="PHONE"), "M_FORBIDDEN"),
    ],
)
def test_uploads_of_cross_signing_keys(present: KeySet, new: KeySet, expected: str | None) -> None:
    assert code_of(may_upload(present, new, ANNA, {"PHONE"})) == expected


@pytest.mark.parametrize(
    ("present", "new", "is_needed", "replaced"),
    [
        ({}, WHOLE, False, set()),
        (WHOLE, WHOLE, False, set()),
        (WHOLE, keys(master="M", self_signing="S", user_signing="U", by="other"), False, set()),
        (WHOLE, keys(master="M"), False, set()),
        (WHOLE, {}, False, set()),
        (WHOLE, keys(self_signing="T", by="M"), True, {"S"}),
        (keys(master="M"), keys(self_signing="S", by="M"), True, set()),
        (WHOLE, keys(master="N"), True, {"M", "S", "U"}),
        (WHOLE, keys(master="N", self_signing="T", user_signing="V"), True, {"M", "S", "U"}),
    ],
)
def test_when_a_password_is_needed_and_what_ends(
    present: KeySet, new: KeySet, is_needed: bool, replaced: set[str]
) -> None:
    assert needs_reauthentication(present, new) is is_needed
    assert {key.public_key for key in replaced_keys(present, new)} == replaced


MASTER = {"user_id": ANNA, "usage": ["master"], "keys": {"ed25519:M": "M"}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"master": MASTER, "self_signing": None}, None),
        ({"master": {**MASTER, "user_id": BORIS}}, "M_INVALID_PARAM"),
        ({"master": {**MASTER, "usage": []}}, "M_INVALID_PARAM"),
        ({"master": {**MASTER, "keys": {}}}, "M_BAD_JSON"),
        ({"master": {**MASTER, "keys": {"ed25519:M": "N"}}}, "M_BAD_JSON"),
        ({"master": {**MASTER, "more": "x" * LARGEST_OBJECT}}, "M_TOO_LARGE"),
        ({"master": MASTER, "self_signing": {**MASTER, "usage": ["self_signing"]}}, "M_INVALID_PARAM"),
    ],
)
def test_shapes_of_cross_signing_keys(given: dict[Usage, Any], expected: str | None) -> None:
    assert code_of(read_keys(given, ANNA)) == expected


def test_a_message_is_encoded_for_each_device() -> None:
    encoded = encode_messages(ANNA, "m.test", "1", {BORIS: {PHONE: {"n": 1}, ALL: {"n": 2}}, ANNA: {DESK: {}}})
    assert encoded == [
        DeviceMessage(ANNA, DESK, b'{"content":{},"sender":"@anna:x","type":"m.test"}'),
        DeviceMessage(BORIS, ALL, b'{"content":{"n":2},"sender":"@anna:x","type":"m.test"}', frozenset({PHONE, ALL})),
        DeviceMessage(BORIS, PHONE, b'{"content":{"n":1},"sender":"@anna:x","type":"m.test"}'),
    ]


@pytest.mark.parametrize(
    ("kind", "txn", "content", "expected"),
    [
        ("m.test", "1", {}, None),
        ("", "1", {}, "M_INVALID_PARAM"),
        ("m.test", "", {}, "M_INVALID_PARAM"),
        ("m.\0", "1", {}, "M_INVALID_PARAM"),
        ("m.test", "1", {"n": 1.5}, "M_BAD_JSON"),
    ],
)
def test_messages(kind: str, txn: str, content: dict[str, Any], expected: str | None) -> None:
    assert code_of(encode_messages(ANNA, kind, txn, {BORIS: {PHONE: content}})) == expected


# Best first: verified, then from an earlier message, then forwarded less often.
RANKED = [(True, 0, 0), (True, 0, 1), (True, 1, 0), (False, 0, 0), (False, 0, 9), (False, 3, 0)]


@pytest.mark.parametrize("kept", range(len(RANKED)))
@pytest.mark.parametrize("new", range(len(RANKED)))
def test_the_better_key(new: int, kept: int) -> None:
    first, second = (
        BackedUpKey(ROOM, "s", index, forwarded, verified) for verified, index, forwarded in (RANKED[new], RANKED[kept])
    )
    assert is_better(first, second) is (new < kept)


GOOD = {"first_message_index": 0, "forwarded_count": 0, "is_verified": False, "session_data": {}}


@pytest.mark.parametrize(
    ("room", "session", "change", "expected"),
    [
        (ROOM, "a/b", {}, None),
        (ROOM, "", {}, "M_INVALID_PARAM"),
        ("", "s", {}, "M_INVALID_PARAM"),
        (ROOM, "s", {"is_verified": 1}, "M_BAD_JSON"),
        (ROOM, "s", {"first_message_index": True}, "M_BAD_JSON"),
        (ROOM, "s", {"forwarded_count": 2**63}, "M_BAD_JSON"),
        (ROOM, "s", {"session_data": {"n": 2**63}}, "M_BAD_JSON"),
    ],
)
def test_keys_of_a_backup(room: str, session: str, change: dict[str, Any], expected: str | None) -> None:
    assert code_of(read_sessions({RoomId(room): {session: {**GOOD, **change}}})) == expected


def test_backups_and_versions() -> None:
    assert read_backup("a", {"b": 1, "a": 2}) == b'{"a":2,"b":1}'
    assert code_of(read_backup("", {})) == "M_INVALID_PARAM"
    versions = ["1", "0", "42", "", "x", "-1", "1.0", "²", "٣", "9" * 16]
    assert [version_number(text) for text in versions] == [1, 0, 42] + [None] * 7
