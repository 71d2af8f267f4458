"""Profiles: which fields there may be and what they hold."""

from typing import Any

import pytest

from veche.domain.ids import DeviceId, UserId
from veche.domain.profiles import LARGEST, empties, may_be_field, may_edit, may_fit, may_hold
from veche.domain.sessions import Asker

ANNA = Asker(UserId("@anna:x"), DeviceId("A"))


def test_everybody_edits_their_own_only() -> None:
    assert may_edit(ANNA, UserId("@anna:x")) is None
    refusal = may_edit(ANNA, UserId("@boris:x"))
    assert refusal is not None
    assert (refusal.code, refusal.status) == ("M_FORBIDDEN", 403)


@pytest.mark.parametrize("key", ["displayname", "avatar_url", "m.tz", "org.example.job-title", "a.b", f"a.{'b' * 253}"])
def test_a_field_may_be_called(key: str) -> None:
    assert may_be_field(key) is None


@pytest.mark.parametrize(
    ("key", "code"),
    [
        *((key, "M_INVALID_PARAM") for key in ("", "name", "M.tz", ".a.b", "a.b\x00", "a.b\n")),
        *((key, "M_KEY_TOO_LARGE") for key in (f"a.{'b' * 254}", "ж" * 128)),
    ],
)
def test_a_field_may_not_be_called(key: str, code: str) -> None:
    refusal = may_be_field(key)
    assert refusal is not None
    assert (refusal.code, refusal.status) == (code, 400)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("displayname", "Анна"),
        ("displayname", "a" * 256),
        ("avatar_url", "mxc://veche.test/abc-DEF_1"),
        ("avatar_url", ""),
        ("m.tz", "Europe/Riga"),
        ("org.example.any", {"deep": [1, None, True, "x"]}),
        ("org.example.any", None),
    ],
)
def test_a_field_may_hold(key: str, value: Any) -> None:
    assert may_hold(key, value) is None


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("displayname", 5, "M_BAD_JSON"),
        ("displayname", None, "M_BAD_JSON"),
        ("displayname", "a" * 257, "M_INVALID_PARAM"),
        ("displayname", "a\x00b", "M_INVALID_PARAM"),
        ("avatar_url", "https://elsewhere/picture.png", "M_BAD_JSON"),
        ("avatar_url", "mxc://x/" + "a" * 1000, "M_INVALID_PARAM"),
        ("avatar_url", ["mxc://x/y"], "M_BAD_JSON"),
        ("m.tz", 3, "M_BAD_JSON"),
        ("org.example.any", 1.5, "M_BAD_JSON"),
        ("org.example.any", 2**53, "M_BAD_JSON"),
    ],
)
def test_a_field_may_not_hold(key: str, value: Any, code: str) -> None:
    refusal = may_hold(key, value)
    assert refusal is not None
    assert (refusal.code, refusal.status, refusal.field) == (code, 400, key)


def test_a_profile_stays_below_64_kib() -> None:
    room = LARGEST - len('{"a.b":""}')
    assert may_fit({"a.b": "x" * (room - 1)}) is None
    refusal = may_fit({"a.b": "x" * room})
    assert refusal is not None
    assert refusal.code == "M_PROFILE_TOO_LARGE"


def test_an_empty_name_or_picture_takes_the_field_away() -> None:
    assert empties("displayname", "")
    assert empties("avatar_url", "")
    assert not empties("displayname", "Anna")
    assert not empties("m.tz", "")
