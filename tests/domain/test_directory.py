"""Which aliases a server gives, and which a room may call its own."""

from typing import Any

import pytest

from veche.domain.directory import alias_for, may_be_alias, may_be_default_rooms, may_take_alias, names_other_room
from veche.domain.ids import Alias, DeviceId, UserId
from veche.domain.sessions import Asker, Role
from veche.domain.settings import Limits

HERE, THERE = "#here:veche.test", "#there:veche.test"


@pytest.mark.parametrize(
    ("alias", "said"),
    [
        ("#kitchen:veche.test", None),
        ("#кухня:veche.test", None),
        ("#" + "k" * 243 + ":veche.test", None),
        ("#" + "k" * 244 + ":veche.test", "not a room alias"),
        ("kitchen", "not a room alias"),
        ("#:veche.test", "not a room alias"),
        ("#a\x00:veche.test", "not a room alias"),
        ("#kitchen:elsewhere.test", "another server"),
    ],
)
def test_aliases_of_this_server(alias: str, said: str | None) -> None:
    refusal = may_be_alias(alias, "veche.test")
    assert (refusal is None) == (said is None)
    if refusal is not None:
        assert (refusal.status, refusal.code, refusal.field) == (400, "M_INVALID_PARAM", "room_alias")
        assert said is not None
        assert said in refusal.text


@pytest.mark.parametrize(
    ("content", "present", "code"),
    [
        ({}, {}, None),
        ({"alias": HERE, "alt_aliases": [HERE]}, {}, None),
        ({"alias": None}, {}, None),
        ({"alias": ""}, {}, None),
        ({"alt_aliases": HERE}, {}, None),
        ({"alias": THERE}, {}, "M_BAD_ALIAS"),
        ({"alt_aliases": [HERE, THERE]}, {}, "M_BAD_ALIAS"),
        ({"alias": THERE}, {"alias": THERE}, None),
        ({"alias": THERE}, {"alt_aliases": [THERE]}, None),
        ({"alias": "here"}, {}, "M_INVALID_PARAM"),
        ({"alias": 7}, {}, "M_INVALID_PARAM"),
        ({"alt_aliases": [[]]}, {}, "M_INVALID_PARAM"),
    ],
)
def test_aliases_of_a_room(content: dict[str, Any], present: dict[str, Any], code: str | None) -> None:
    refusal = names_other_room(content, present, lambda alias: alias == HERE)
    assert (refusal.code if refusal is not None else None) == code
    assert refusal is None or refusal.status == 400


@pytest.mark.parametrize(
    ("name", "alias"),
    [
        ("General", "#general:x"),
        ("Общий  чат", "#общий-чат:x"),
        ("Équipe (Lyon): R&D", "#équipe-lyon-r-d:x"),
        ("v1.2", "#v1.2:x"),
        ("и\u0306од", "#йод:x"),
    ],
)
def test_an_alias_suits_the_name(name: str, alias: str) -> None:
    assert alias_for(name, "x") == alias
    assert may_be_alias(alias, "x") is None


def test_rooms_for_everybody() -> None:
    assert may_be_default_rooms((), "x") is None
    assert may_be_default_rooms(("General", "Talk", "Общая"), "x") is None


@pytest.mark.parametrize(
    ("names", "part"),
    [
        (("!?",), "no alias"),
        (("ж" * 130,), "no alias"),
        (("General", "general "), "several"),
        (tuple(f"room {number}" for number in range(21)), "at most 20"),
    ],
)
def test_rooms_that_cannot_be_for_everybody(names: tuple[str, ...], part: str) -> None:
    refusal = may_be_default_rooms(names, "x")
    assert refusal is not None
    assert part in refusal.text


@pytest.mark.parametrize(
    ("role", "alias", "is_refused"),
    [
        ("user", "#general:x", True),
        ("user", "#общий-чат:x", True),
        ("user", "#generals:x", False),
        ("user", "#general:y", False),
        ("administrator", "#general:x", False),
    ],
)
def test_the_aliases_of_everybodys_rooms_are_for_administrators(role: Role, alias: str, is_refused: bool) -> None:
    asker = Asker(UserId("@anna:x"), DeviceId("ANNA"), role)
    refusal = may_take_alias(asker, Alias(alias), Limits("x", default_rooms=("General", "Общий чат")))
    assert (refusal is not None) is is_refused
    assert refusal is None or (refusal.status, refusal.code) == (400, "M_EXCLUSIVE")
