"""Upgrading rooms: the first event, the state and the power levels of a replacement, for every pair of versions."""

from collections.abc import Callable
from typing import Any

import pytest

from veche.domain.events import POWER_LEVELS, Content, Draft, RoomState
from veche.domain.ids import EventId, RoomId, UserId
from veche.domain.rooms import RoomVersion, room_version
from veche.domain.rooms.upgrades import (
    copied_join_rules,
    copied_levels,
    copied_state,
    first_content,
    is_space,
    levels_of_the_closed,
    levels_while_copying,
    predecessor_of,
    replacement_of,
    tombstone,
)

MakeRoom = Callable[..., RoomState]

ANNA, BORIS, CARLA = UserId("@anna:x"), UserId("@boris:x"), UserId("@carla:x")
LEVELS: Content = {"users": {ANNA: 100, CARLA: 75}, "events": {"m.room.tombstone": 150}, "ban": 60, "users_default": 0}


def version(name: str) -> RoomVersion:
    found = room_version(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "others", "last", "creation", "content"),
    [
        ("10", (), None, {}, {"creator": BORIS, "predecessor": {"room_id": "!room:x"}}),
        ("11", (CARLA,), "$9", {}, {"predecessor": {"room_id": "!room:x", "event_id": "$9"}}),
        (
            "12",
            (CARLA, BORIS, CARLA, ANNA),
            None,
            {"type": "m.space", "m.federate": False, "org.example.x": 1, "additional_creators": ["@dmitri:x"]},
            {
                "predecessor": {"room_id": "!room:x"},
                "type": "m.space",
                "m.federate": False,
                "additional_creators": [CARLA, ANNA],
            },
        ),
        ("12", (BORIS,), None, {}, {"predecessor": {"room_id": "!room:x"}}),
    ],
)
def test_the_first_event_of_the_room_that_boris_makes(
    room: MakeRoom, name: str, others: tuple[UserId, ...], last: str | None, creation: Content, content: Content
) -> None:
    found = first_content(version(name), room(**creation), BORIS, others, EventId(last) if last else None)
    assert found == {"room_version": name, **content}


def test_a_room_without_create_event_is_replaced_all_the_same(void: RoomState) -> None:
    assert first_content(version("11"), void, ANNA, (), None) == {
        "room_version": "11",
        "predecessor": {"room_id": "!room:x"},
    }
    assert not is_space(void)


@pytest.mark.parametrize(
    ("named", "understood"),
    [
        ("!before:x", "!before:x"),
        ("!0000000000000000000000000000000000000000000", "!0000000000000000000000000000000000000000000"),
        ("", ""),
        ("!be\x00fore:x", None),
        (None, None),
        (7, None),
        (True, None),
        (["!before:x"], None),
        ({"room_id": "!before:x"}, None),
    ],
)
def test_which_rooms_a_room_names_as_its_neighbours(room: MakeRoom, named: object, understood: str | None) -> None:
    assert predecessor_of(room(predecessor={"room_id": named, "event_id": "$9"})) == understood
    assert replacement_of(room({}, {"m.room.tombstone": {"body": "", "replacement_room": named}})) == understood


@pytest.mark.parametrize("predecessor", [None, {}, {"event_id": "$9"}, "!before:x", ["!before:x"], 7])
def test_what_is_no_predecessor(room: MakeRoom, predecessor: object) -> None:
    assert predecessor_of(room(predecessor=predecessor)) is None


def test_a_room_that_names_no_other(room: MakeRoom, void: RoomState) -> None:
    for state in (room(), void, room({}, {"m.room.tombstone": {}})):
        assert predecessor_of(state) is None
        assert replacement_of(state) is None


@pytest.mark.parametrize(("kind", "answer"), [("m.space", True), ("org.example.kind", False), (None, False)])
def test_what_is_a_space(room: MakeRoom, kind: str | None, answer: bool) -> None:
    assert is_space(room(**({} if kind is None else {"type": kind}))) is answer


def test_which_state_goes_over(room: MakeRoom) -> None:
    kinds = ("name", "topic", "avatar", "encryption", "server_acl", "guest_access", "history_visibility")
    others = ("join_rules", "power_levels", "canonical_alias", "pinned_events", "tombstone", "third_party_invite")
    state = {f"m.room.{kind}": {"of": kind} for kind in (*kinds, *others)} | {"org.example.own": {"a": 1}}
    found = copied_state(room({}, state))
    assert {(draft.type, draft.state_key) for draft in found} == {(f"m.room.{kind}", "") for kind in kinds}
    assert all(draft.content == state[draft.type] for draft in found)
    assert copied_state(room()) == []


def test_join_rules_go_over_or_are_made_up(room: MakeRoom) -> None:
    rules = {"join_rule": "restricted", "allow": [{"type": "m.room_membership", "room_id": "!a:x"}]}
    assert copied_join_rules(room({}, {"m.room.join_rules": rules})) == Draft("m.room.join_rules", rules, "")
    assert copied_join_rules(room()).content == {"join_rule": "invite"}


@pytest.mark.parametrize(
    ("name", "levels", "content"),
    [
        ("10", None, {"users": {BORIS: 100}}),
        ("11", LEVELS, {"users": {BORIS: 150}}),
        ("11", {"notifications": {"room": 200}, "kick": 300}, {"users": {BORIS: 300}}),
        ("11", {"users": {CARLA: 400}, "ban": True, "kick": "900"}, {"users": {BORIS: 400}}),
        ("12", LEVELS, {}),
    ],
)
def test_while_copying_the_upgrader_stands_above_all(
    room: MakeRoom, name: str, levels: Content | None, content: Content
) -> None:
    state = room({}, {} if levels is None else {POWER_LEVELS: levels})
    assert levels_while_copying(version(name), state, BORIS) == content


@pytest.mark.parametrize(
    ("before", "after", "additional", "new_creators", "users"),
    [
        ("10", "10", [], {BORIS}, {ANNA: 100, CARLA: 75}),
        ("10", "11", [], {BORIS}, {ANNA: 100, CARLA: 75}),
        ("11", "10", [], {ANNA}, {ANNA: 100, CARLA: 75}),
        ("11", "12", [], {ANNA}, {CARLA: 75}),
        ("11", "12", [], {ANNA, CARLA}, {}),
        ("12", "12", [BORIS], {BORIS}, {ANNA: 100, CARLA: 75}),
        ("12", "12", [BORIS], {BORIS, CARLA}, {ANNA: 100}),
        ("12", "11", [BORIS], {BORIS}, {ANNA: 150, BORIS: 150, CARLA: 75}),
        ("12", "10", [], {CARLA}, {ANNA: 150, CARLA: 75}),
    ],
)
def test_who_has_power_afterwards(
    room: MakeRoom, before: str, after: str, additional: list[str], new_creators: set[UserId], users: dict[str, int]
) -> None:
    state = room({}, {POWER_LEVELS: LEVELS}, before, additional_creators=additional)
    assert copied_levels(version(after), state, new_creators) == {**LEVELS, "users": users}


@pytest.mark.parametrize(
    ("before", "after", "users"),
    [("10", "11", {BORIS: 100}), ("11", "12", {}), ("12", "12", {}), ("12", "11", {ANNA: 100})],
)
def test_without_power_levels_somebody_is_in_charge(
    room: MakeRoom, before: str, after: str, users: dict[str, int]
) -> None:
    assert copied_levels(version(after), room(version=before), {BORIS}) == {"users": users}


@pytest.mark.parametrize(
    ("levels", "changed"),
    [
        ({}, {"events_default": 50, "invite": 50, "events": {}}),
        ({"users_default": 60}, {"events_default": 61, "invite": 61, "events": {}}),
        ({"events_default": 70, "invite": 80}, {"events_default": 70, "invite": 80, "events": {}}),
        ({"users_default": -5, "events_default": 10}, {"events_default": 50, "invite": 50, "events": {}}),
        (
            {"events": {"m.room.message": 0, "m.room.tombstone": 100}, "users": {ANNA: 100}},
            {"events_default": 50, "invite": 50, "events": {"m.room.message": 50, "m.room.tombstone": 100}},
        ),
    ],
)
def test_the_old_room_falls_silent(room: MakeRoom, levels: Content, changed: dict[str, Any]) -> None:
    closed = levels_of_the_closed(room({}, {POWER_LEVELS: levels}))
    assert closed == Draft(POWER_LEVELS, {**levels, **changed}, "")


def test_the_tombstone_leads_to_the_replacement() -> None:
    draft = tombstone(RoomId("!new"))
    assert (draft.type, draft.state_key) == ("m.room.tombstone", "")
    assert draft.content["replacement_room"] == "!new"
    assert draft.content["body"]
