"""What outsiders are shown of a room, and which rooms they are shown."""

from typing import Any

import pytest

from veche.domain.accounts.transliteration import transliterated
from veche.domain.directory.summaries import (
    RoomSummary,
    is_open,
    may_preview,
    mentions,
    published,
    summary_of,
)
from veche.domain.events import (
    AVATAR,
    CANONICAL_ALIAS,
    CREATE,
    ENCRYPTION,
    GUEST_ACCESS,
    HISTORY_VISIBILITY,
    JOIN_RULES,
    NAME,
    TOPIC,
)
from veche.domain.ids import Alias, RoomId
from veche.domain.rooms.topics import plain_topic

ROOM, OFFICE, HALL = RoomId("!room:x"), RoomId("!office:x"), RoomId("!hall:x")
ALLOW = {"allow": [{"type": "m.room_membership", "room_id": OFFICE}]}


def test_everything_that_is_told() -> None:
    face: dict[str, dict[str, Any]] = {
        CREATE: {"type": "m.space"},
        JOIN_RULES: {"join_rule": "restricted", **ALLOW},
        HISTORY_VISIBILITY: {"history_visibility": "world_readable"},
        GUEST_ACCESS: {"guest_access": "can_join"},
        NAME: {"name": "Hall"},
        TOPIC: {"topic": "All"},
        CANONICAL_ALIAS: {"alias": "#hall:x"},
        AVATAR: {"url": "mxc://x/a"},
        ENCRYPTION: {"algorithm": "m.megolm.v1.aes-sha2"},
    }
    summary = RoomSummary(
        room_id=ROOM,
        num_joined_members=2,
        world_readable=True,
        guest_can_join=True,
        join_rule="restricted",
        name="Hall",
        topic="All",
        canonical_alias=Alias("#hall:x"),
        avatar_url="mxc://x/a",
        room_type="m.space",
        allowed_room_ids=(OFFICE,),
        encryption="m.megolm.v1.aes-sha2",
        room_version="11",
    )
    assert summary_of(ROOM, face, 2, "11") == summary
    told = published(summary)
    assert (told.allowed_room_ids, told.encryption, told.room_version, told.name) == ((), None, None, "Hall")


@pytest.mark.parametrize(
    "face",
    [
        {},
        {
            CREATE: {"type": 7},
            JOIN_RULES: {},
            HISTORY_VISIBILITY: {"history_visibility": ["world_readable"]},
            GUEST_ACCESS: {},
            NAME: {"name": ""},
            TOPIC: {"topic": {}},
            CANONICAL_ALIAS: {"alias": "hall"},
            AVATAR: {"url": "https://elsewhere.test/a.png"},
            ENCRYPTION: {"algorithm": None},
        },
    ],
)
def test_what_is_not_there_or_has_the_wrong_shape_is_left_out(face: dict[str, Any]) -> None:
    assert summary_of(ROOM, face, 0, "11") == RoomSummary(ROOM, 0, False, False, "invite", room_version="11")


def test_a_rule_that_is_no_text_lets_nobody_in() -> None:
    assert summary_of(ROOM, {JOIN_RULES: {"join_rule": 7}}, 0, "11").join_rule == "private"


@pytest.mark.parametrize(
    ("content", "topic"),
    [
        ({"topic": "Plain"}, "Plain"),
        ({"topic": "Plain", "m.topic": {"m.text": [{"body": "Text"}]}}, "Text"),
        ({"topic": "Plain", "m.topic": {"m.text": [{"mimetype": "text/html", "body": "<b>"}]}}, "Plain"),
        (
            {
                "m.topic": {
                    "m.text": [{"mimetype": "text/html", "body": "<b>"}, {"mimetype": "text/plain", "body": "B"}]
                }
            },
            "B",
        ),
        ({"m.topic": {"m.text": [{"mimetype": "text/html", "body": "<b>"}]}}, None),
        ({"topic": "Plain", "m.topic": {"m.text": ["x", {"body": 7}, {}]}}, "Plain"),
        ({"topic": "Plain", "m.topic": {"m.text": "x"}}, "Plain"),
        ({"topic": "Plain", "m.topic": "x"}, "Plain"),
        ({"topic": ""}, None),
        ({}, None),
    ],
)
def test_a_topic_as_plain_text(content: dict[str, Any], topic: str | None) -> None:
    assert plain_topic(content) == topic


@pytest.mark.parametrize(
    ("rules", "membership", "own", "expected"),
    [
        ({"join_rule": "public"}, None, set(), True),
        ({"join_rule": "public"}, "leave", set(), True),
        ({"join_rule": "public"}, "ban", set(), True),
        ({"join_rule": "knock"}, None, set(), True),
        ({"join_rule": "knock_restricted"}, None, set(), True),
        ({"join_rule": "invite"}, None, {OFFICE}, False),
        ({"join_rule": "private"}, None, {OFFICE}, False),
        ({"join_rule": "invite"}, "join", set(), True),
        ({"join_rule": "invite"}, "invite", set(), True),
        ({"join_rule": "invite"}, "knock", set(), True),
        ({"join_rule": "invite"}, "leave", {OFFICE}, False),
        ({"join_rule": "invite"}, "ban", {OFFICE}, False),
        ({"join_rule": "restricted", **ALLOW}, None, {OFFICE, HALL}, True),
        ({"join_rule": "restricted", **ALLOW}, "leave", {OFFICE}, True),
        ({"join_rule": "restricted", **ALLOW}, "ban", {OFFICE}, False),
        ({"join_rule": "restricted", **ALLOW}, None, {HALL}, False),
        ({"join_rule": "restricted"}, None, {OFFICE}, False),
        ({"join_rule": "invite", **ALLOW}, None, {OFFICE}, False),
    ],
)
def test_who_may_be_shown_a_room(
    rules: dict[str, Any], membership: str | None, own: set[RoomId], expected: bool
) -> None:
    face = {JOIN_RULES: rules}
    assert may_preview(face, membership, own) is expected
    readable = {**face, HISTORY_VISIBILITY: {"history_visibility": "world_readable"}}
    assert may_preview(readable, membership, own)
    shared = {**face, HISTORY_VISIBILITY: {"history_visibility": "shared"}}
    assert may_preview(shared, membership, own) is expected


def test_a_room_without_rules_is_closed() -> None:
    assert not may_preview({}, None, {OFFICE})
    assert not is_open({})


@pytest.mark.parametrize(
    ("rule", "visibility", "expected"),
    [
        ("public", "shared", True),
        ("invite", "world_readable", True),
        ("knock", "shared", False),
        ("restricted", "joined", False),
    ],
)
def test_rooms_in_which_people_can_be_met(rule: str, visibility: str, expected: bool) -> None:
    face = {JOIN_RULES: {"join_rule": rule}, HISTORY_VISIBILITY: {"history_visibility": visibility}}
    assert is_open(face) is expected


@pytest.mark.parametrize("term", ["uberblick", "шпроты", "shproty", "#lobby", "elka"])
def test_what_a_search_of_rooms_looks_at(term: str) -> None:
    face = {
        NAME: {"name": "Überblick"},
        TOPIC: {"topic": "Шпроты und ёлка"},
        CANONICAL_ALIAS: {"alias": "#lobby:veche.test"},
    }
    assert mentions(face, transliterated(term))
    assert not mentions({NAME: {"name": 7}}, transliterated(term))
