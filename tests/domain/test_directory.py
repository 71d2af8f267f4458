"""Which aliases a server gives, and which a room may call its own."""

from typing import Any

import pytest

from veche.domain.directory import may_be_alias, names_other_room

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
