"""Room versions, presets and what a new room starts with."""

from collections.abc import Callable
from typing import Any

import pytest

from veche.domain.events import (
    CREATE,
    ENCRYPTION,
    GUEST_ACCESS,
    HISTORY_VISIBILITY,
    JOIN_RULES,
    TOMBSTONE,
    Draft,
    RoomState,
)
from veche.domain.ids import EventId, UserId
from veche.domain.rooms import (
    DEFAULT_ROOM_VERSION,
    RECOMMENDED_STRIPPED_STATE,
    ROOM_VERSIONS,
    Preset,
    RoomVersion,
    create_content,
    creators,
    initial_power_levels,
    may_create,
    preset,
    preset_for,
    preset_state,
    room_id_of,
    room_version,
    version_of,
)

MakeRoom = Callable[..., RoomState]

ANNA, BORIS, CARLA = UserId("@anna:x"), UserId("@boris:x"), UserId("@carla:x")


def version(name: str) -> RoomVersion:
    found = room_version(name)
    assert found is not None
    return found


def named(name: str) -> Preset:
    found = preset(name)
    assert found is not None
    return found


def test_three_room_versions_are_known_and_eleven_is_the_default() -> None:
    assert ROOM_VERSIONS == ("10", "11", "12")
    assert DEFAULT_ROOM_VERSION == "11"
    assert [room_version(name) for name in ("1", "9", "13", "", "eleven")] == [None] * 5


@pytest.mark.parametrize(
    ("difference", "in_10", "in_11", "in_12"),
    [
        ("creator_in_content", True, False, False),
        ("redacts_in_content", False, True, True),
        ("redaction_algorithm", 9, 11, 11),
        ("creators_have_infinite_power", False, False, True),
        ("room_id_names_server", True, True, False),
    ],
)
def test_what_the_versions_do_differently(difference: str, in_10: object, in_11: object, in_12: object) -> None:
    assert [getattr(version(name), difference) for name in ROOM_VERSIONS] == [in_10, in_11, in_12]


@pytest.mark.parametrize("name", ROOM_VERSIONS)
def test_a_room_says_its_version_in_its_create_event(room: MakeRoom, name: str) -> None:
    assert version_of(room(version=name)) is version(name)


def test_a_room_whose_create_event_says_nothing_counts_as_of_the_default_version(void: RoomState) -> None:
    assert version_of(void).id == "11"


@pytest.mark.parametrize(
    ("name", "additional", "people"),
    [
        ("11", {}, {ANNA}),
        ("11", {"additional_creators": [BORIS]}, {ANNA}),
        ("12", {}, {ANNA}),
        ("12", {"additional_creators": [BORIS, CARLA]}, {ANNA, BORIS, CARLA}),
    ],
)
def test_who_created_a_room(room: MakeRoom, name: str, additional: dict[str, Any], people: set[UserId]) -> None:
    assert creators(room(version=name, **additional)) == people


def test_nobody_has_created_a_room_without_create_event(void: RoomState) -> None:
    assert creators(void) == frozenset()


def test_the_room_id_of_version_12_is_the_id_of_the_create_event() -> None:
    assert room_id_of(EventId("$31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM")) == (
        "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM"
    )


@pytest.mark.parametrize(
    ("name", "join_rule", "history_visibility", "guest_access"),
    [
        ("private_chat", "invite", "shared", "can_join"),
        ("trusted_private_chat", "invite", "shared", "can_join"),
        ("public_chat", "public", "shared", "forbidden"),
    ],
)
def test_the_state_that_a_preset_sets(name: str, join_rule: str, history_visibility: str, guest_access: str) -> None:
    assert preset_state(named(name)) == (
        Draft(JOIN_RULES, {"join_rule": join_rule}, ""),
        Draft(HISTORY_VISIBILITY, {"history_visibility": history_visibility}, ""),
        Draft(GUEST_ACCESS, {"guest_access": guest_access}, ""),
    )


def test_a_preset_that_nobody_has_heard_of() -> None:
    assert preset("secret_chat") is None


@pytest.mark.parametrize(("visibility", "name"), [("public", "public_chat"), ("private", "private_chat")])
def test_without_a_preset_the_visibility_decides(visibility: str, name: str) -> None:
    assert preset_for(visibility) is named(name)


def test_stripped_state_begins_with_the_create_event() -> None:
    assert RECOMMENDED_STRIPPED_STATE[0] == CREATE
    assert {JOIN_RULES, ENCRYPTION} < set(RECOMMENDED_STRIPPED_STATE)
    assert len(RECOMMENDED_STRIPPED_STATE) == 7


@pytest.mark.parametrize(
    ("name", "preset_name", "wished", "content"),
    [
        ("10", "private_chat", {}, {"creator": ANNA, "room_version": "10"}),
        ("11", "private_chat", {"creator": CARLA, "room_version": "1"}, {"room_version": "11"}),
        ("11", "public_chat", {"type": "m.space"}, {"room_version": "11", "type": "m.space"}),
        ("11", "trusted_private_chat", {}, {"room_version": "11"}),
        ("12", "private_chat", {}, {"room_version": "12"}),
        (
            "12",
            "private_chat",
            {"additional_creators": [CARLA]},
            {"additional_creators": [CARLA], "room_version": "12"},
        ),
        ("12", "trusted_private_chat", {}, {"additional_creators": [BORIS], "room_version": "12"}),
        (
            "12",
            "trusted_private_chat",
            {"additional_creators": [CARLA, BORIS, ANNA]},
            {"additional_creators": [CARLA, BORIS], "room_version": "12"},
        ),
    ],
)
def test_the_create_event_when_anna_founds_a_room_and_invites_boris(
    name: str, preset_name: str, wished: dict[str, Any], content: dict[str, Any]
) -> None:
    assert create_content(version(name), named(preset_name), ANNA, wished, [BORIS]) == content


@pytest.mark.parametrize(
    ("name", "wished", "code"),
    [
        ("12", {}, None),
        ("12", {"additional_creators": []}, None),
        ("12", {"additional_creators": [BORIS]}, None),
        ("12", {"additional_creators": [BORIS, "boris"]}, "M_INVALID_PARAM"),
        ("12", {"additional_creators": [7]}, "M_INVALID_PARAM"),
        ("12", {"additional_creators": BORIS}, "M_INVALID_PARAM"),
        ("12", {"additional_creators": None}, "M_INVALID_PARAM"),
        ("11", {"additional_creators": 7}, None),
    ],
)
def test_additional_creators_must_be_people(name: str, wished: dict[str, Any], code: str | None) -> None:
    refusal = may_create(version(name), wished)
    assert (refusal and refusal.code) == code


@pytest.mark.parametrize(
    ("name", "preset_name", "users"),
    [
        ("10", "private_chat", {ANNA: 100}),
        ("11", "public_chat", {ANNA: 100}),
        ("11", "trusted_private_chat", {ANNA: 100, BORIS: 100}),
        ("12", "private_chat", {}),
        ("12", "trusted_private_chat", {}),
    ],
)
def test_who_has_power_in_a_new_room(name: str, preset_name: str, users: dict[str, int]) -> None:
    assert initial_power_levels(version(name), named(preset_name), ANNA, [BORIS])["users"] == users


@pytest.mark.parametrize(
    ("preset_name", "level"), [("private_chat", 0), ("trusted_private_chat", 0), ("public_chat", 50)]
)
def test_who_may_invite_into_a_new_room(preset_name: str, level: int) -> None:
    assert initial_power_levels(version("11"), named(preset_name), ANNA, [])["invite"] == level


def test_the_power_levels_of_a_new_private_room() -> None:
    assert initial_power_levels(version("11"), named("private_chat"), ANNA, [BORIS]) == {
        "ban": 50,
        "events": {
            "m.room.avatar": 50,
            "m.room.canonical_alias": 50,
            "m.room.encryption": 100,
            "m.room.history_visibility": 100,
            "m.room.name": 50,
            "m.room.power_levels": 100,
            "m.room.server_acl": 100,
            "m.room.tombstone": 100,
        },
        "events_default": 0,
        "invite": 0,
        "kick": 50,
        "redact": 50,
        "state_default": 50,
        "users": {ANNA: 100},
        "users_default": 0,
    }


@pytest.mark.parametrize(("name", "level"), [("10", 100), ("11", 100), ("12", 150)])
def test_closing_a_room_is_for_its_creators(name: str, level: int) -> None:
    content = initial_power_levels(version(name), named("public_chat"), ANNA, [])
    assert content["events"][TOMBSTONE] == level > content["state_default"]
