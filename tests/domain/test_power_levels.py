"""Who has how much power, and who may change that."""

from collections.abc import Callable
from typing import Any

import pytest

from veche.domain.events import MESSAGE, NAME, POWER_LEVELS, Content, RoomState
from veche.domain.ids import UserId
from veche.domain.power_levels import (
    INFINITE,
    Action,
    lacks_power,
    may_change_power_levels,
    power_levels,
)

MakeRoom = Callable[..., RoomState]

ANNA, BORIS, CARLA, DMITRI = UserId("@anna:x"), UserId("@boris:x"), UserId("@carla:x"), UserId("@dmitri:x")

EVERYTHING: Content = {
    "users": {ANNA: 100, BORIS: 50},
    "users_default": 10,
    "events": {NAME: 30, MESSAGE: 5},
    "events_default": 1,
    "state_default": 40,
    "notifications": {"room": 20},
    "ban": 61,
    "invite": 62,
    "kick": 63,
    "redact": 64,
}


def in_room(content: Content | None) -> dict[str, Content]:
    return {} if content is None else {POWER_LEVELS: content}


@pytest.mark.parametrize(
    ("content", "version", "anna", "boris", "carla"),
    [
        (EVERYTHING, "11", 100, 50, 10),
        ({}, "11", 0, 0, 0),
        (None, "11", 100, 0, 0),
        (None, "10", 100, 0, 0),
        ({"users": {BORIS: 50}, "users_default": 10}, "12", INFINITE, 50, 10),
        (None, "12", INFINITE, 0, 0),
    ],
)
def test_the_level_of_a_person(
    room: MakeRoom, content: Content | None, version: str, anna: int, boris: int, carla: int
) -> None:
    levels = power_levels(room(state=in_room(content), version=version))
    assert [levels.of(person) for person in (ANNA, BORIS, CARLA)] == [anna, boris, carla]


def test_additional_creators_are_infinite_too(room: MakeRoom) -> None:
    levels = power_levels(room(version="12", additional_creators=[BORIS]))
    assert [levels.of(person) for person in (ANNA, BORIS, CARLA)] == [INFINITE, INFINITE, 0]


def test_infinite_is_more_than_an_event_can_say() -> None:
    assert INFINITE > 2**53 - 1


def test_a_room_that_is_not_created_gives_nobody_power(void: RoomState) -> None:
    assert power_levels(void).of(ANNA) == 0


@pytest.mark.parametrize(
    ("content", "kind", "is_state", "needed"),
    [
        (EVERYTHING, NAME, True, 30),
        (EVERYTHING, "m.room.topic", True, 40),
        (EVERYTHING, MESSAGE, False, 5),
        (EVERYTHING, "m.reaction", False, 1),
        ({}, NAME, True, 50),
        ({}, MESSAGE, False, 0),
        (None, NAME, True, 50),
        (None, MESSAGE, False, 0),
    ],
)
def test_the_level_needed_for_an_event(
    room: MakeRoom, content: Content | None, kind: str, is_state: bool, needed: int
) -> None:
    assert power_levels(room(state=in_room(content))).needed_for_event(kind, is_state) == needed


@pytest.mark.parametrize(
    ("content", "ban", "invite", "kick", "redact"),
    [(EVERYTHING, 61, 62, 63, 64), ({}, 50, 0, 50, 50), (None, 50, 0, 50, 50)],
)
def test_the_level_needed_for_a_deed(
    room: MakeRoom, content: Content | None, ban: int, invite: int, kick: int, redact: int
) -> None:
    levels = power_levels(room(state=in_room(content)))
    deeds: tuple[Action, ...] = ("ban", "invite", "kick", "redact")
    assert [levels.needed(deed) for deed in deeds] == [ban, invite, kick, redact]


@pytest.mark.parametrize(
    ("content", "key", "needed"), [(EVERYTHING, "room", 20), (EVERYTHING, "floor", 50), ({}, "room", 50)]
)
def test_the_level_needed_to_notify(room: MakeRoom, content: Content, key: str, needed: int) -> None:
    assert power_levels(room(state=in_room(content))).needed_to_notify(key) == needed


def test_a_lack_of_power_is_told_in_numbers(room: MakeRoom) -> None:
    levels = power_levels(room(state=in_room(EVERYTHING)))
    assert lacks_power(levels, BORIS, 50, "ban") is None
    refusal = lacks_power(levels, BORIS, 51, "ban")
    assert refusal is not None
    assert (refusal.code, refusal.status) == ("M_FORBIDDEN", 403)
    assert refusal.text == "@boris:x needs power level 51 to ban, has 50"


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"users_default": "0"}, "users_default"),
        ({"events_default": 1.5}, "events_default"),
        ({"state_default": None}, "state_default"),
        ({"ban": True}, "ban"),
        ({"redact": [50]}, "redact"),
        ({"kick": {}}, "kick"),
        ({"invite": "many"}, "invite"),
        ({"events": []}, "events"),
        ({"events": {NAME: "50"}}, "events"),
        ({"notifications": None}, "notifications"),
        ({"notifications": {"room": False}}, "notifications"),
        ({"users": 7}, "users"),
        ({"users": {BORIS: "50"}}, "users"),
        ({"users": {"boris": 50}}, "users"),
        ({"users": {"": 50}}, "users"),
    ],
)
def test_power_levels_of_the_wrong_shape(room: MakeRoom, content: Content, field: str) -> None:
    state = room()
    refusal = may_change_power_levels(state, power_levels(state), ANNA, content)
    assert refusal is not None
    assert (refusal.code, refusal.status, refusal.field) == ("M_BAD_JSON", 400, field)
    assert field in refusal.text


@pytest.mark.parametrize("content", [{}, EVERYTHING, {"users": {BORIS: 1000}, "colour": "red"}])
def test_the_first_power_levels_may_say_anything_well_shaped(room: MakeRoom, content: Content) -> None:
    state = room()
    assert may_change_power_levels(state, power_levels(state), ANNA, content) is None


@pytest.mark.parametrize(("version", "is_allowed"), [("11", True), ("12", False)])
@pytest.mark.parametrize("creator", [ANNA, BORIS])
def test_creators_with_infinite_power_are_not_listed(
    room: MakeRoom, version: str, is_allowed: bool, creator: UserId
) -> None:
    state = room(version=version, additional_creators=[BORIS])
    refusal = may_change_power_levels(state, power_levels(state), ANNA, {"users": {CARLA: 50, creator: 100}})
    assert (refusal is None) is is_allowed
    assert refusal is None or creator in refusal.text


# Anna has 100, Boris and Dmitri 50, Carla 0. Each row lays a change over these levels; None takes an entry away.
BEFORE: Content = {
    "users": {ANNA: 100, BORIS: 50, DMITRI: 50, CARLA: 0},
    "events": {NAME: 30, POWER_LEVELS: 40, "m.room.encryption": 100},
    "notifications": {"room": 50, "building": 100},
    "ban": 50,
    "kick": 60,
    "state_default": 50,
}


def changed(levels: Content, change: Content) -> Content:
    result: Content = {**levels}
    for key, value in change.items():
        if value is None:
            del result[key]
        elif isinstance(value, dict):
            result[key] = changed(result.get(key, {}), value)
        else:
            result[key] = value
    return result


ALLOWED: list[tuple[UserId, dict[str, Any]]] = [
    (BORIS, {}),
    (BORIS, {"ban": 40}),
    (BORIS, {"ban": None}),
    (BORIS, {"redact": 50}),
    (BORIS, {"users_default": -5}),
    (BORIS, {"events": {NAME: 50}}),
    (BORIS, {"events": {NAME: None}}),
    (BORIS, {"events": {"m.room.topic": 50}}),
    (BORIS, {"notifications": {"room": 0}}),
    (BORIS, {"users": {CARLA: 50}}),
    (BORIS, {"users": {CARLA: None}}),
    (BORIS, {"users": {"@emil:x": 50}}),
    (BORIS, {"users": {BORIS: 10}}),
    (BORIS, {"users": {BORIS: None}}),
    (ANNA, {"kick": 100, "users": {BORIS: 0, DMITRI: 100}}),
    (ANNA, {"users": {ANNA: 0}}),
]

REFUSED: list[tuple[UserId, dict[str, Any], str]] = [
    (BORIS, {"ban": 51}, "@boris:x has power level 50 and may not set ban to 51"),
    (BORIS, {"redact": 51}, "may not set redact to 51"),
    (BORIS, {"kick": 50}, "@boris:x has power level 50 and may not change kick, which is 60"),
    (BORIS, {"kick": None}, "may not change kick, which is 60"),
    (BORIS, {"events": {"m.room.encryption": 50}}, "may not change m.room.encryption, which is 100"),
    (BORIS, {"events": {"m.room.encryption": None}}, "may not change m.room.encryption, which is 100"),
    (BORIS, {"events": None}, "may not change m.room.encryption, which is 100"),
    (BORIS, {"events": {NAME: 51}}, "may not set m.room.name to 51"),
    (BORIS, {"notifications": {"building": 10}}, "may not change building, which is 100"),
    (BORIS, {"notifications": {"floor": 60}}, "may not set floor to 60"),
    (BORIS, {"users": {CARLA: 51}}, "may not set @carla:x to 51"),
    (BORIS, {"users": {"@emil:x": 51}}, "may not set @emil:x to 51"),
    (BORIS, {"users": {BORIS: 51}}, "may not set @boris:x to 51"),
    (BORIS, {"users": {DMITRI: 49}}, "may not change @dmitri:x, which is 50"),
    (BORIS, {"users": {DMITRI: None}}, "may not change @dmitri:x, which is 50"),
    (BORIS, {"users": {ANNA: 0}}, "may not change @anna:x, which is 100"),
    (ANNA, {"users": {ANNA: 101}}, "@anna:x has power level 100 and may not set @anna:x to 101"),
]


@pytest.mark.parametrize(("sender", "change"), ALLOWED)
def test_changes_within_ones_own_power(room: MakeRoom, sender: UserId, change: Content) -> None:
    state = room(state=in_room(BEFORE))
    assert may_change_power_levels(state, power_levels(state), sender, changed(BEFORE, change)) is None


@pytest.mark.parametrize(("sender", "change", "text"), REFUSED)
def test_changes_beyond_ones_own_power(room: MakeRoom, sender: UserId, change: Content, text: str) -> None:
    state = room(state=in_room(BEFORE))
    refusal = may_change_power_levels(state, power_levels(state), sender, changed(BEFORE, change))
    assert refusal is not None
    assert refusal.code == "M_FORBIDDEN"
    assert refusal.text.endswith(text)


def test_a_creator_with_infinite_power_may_change_everything(room: MakeRoom) -> None:
    before: Content = {"users": {BORIS: 2**53 - 1}, "ban": 2**53 - 1}
    state = room(state=in_room(before), version="12")
    assert may_change_power_levels(state, power_levels(state), ANNA, {"users": {BORIS: 0}, "kick": 2**53 - 1}) is None
