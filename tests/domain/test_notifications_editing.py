"""Changing push rules, and storing only what differs from the default ones."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from veche.domain.ids import RoomId, UserId
from veche.domain.notifications import (
    Alteration,
    Changes,
    PushRule,
    Ruleset,
    add_rule,
    changes_of,
    default_ruleset,
    find_rule,
    remove_rule,
    repeated_for,
    ruleset_from,
    set_actions,
    set_enabled,
)
from veche.domain.notifications.editing import MOST_LOOKS, MOST_RULES
from veche.domain.refusals import Refusal

ANNA = UserId("@anna:veche.test")
DEFAULTS = default_ruleset(ANNA)
NOTIFY: dict[str, Any] = {"actions": ["notify"]}
CAKE = {**NOTIFY, "pattern": "cake"}


def add(
    rules: Ruleset, rule_id: str, before: str | None = None, after: str | None = None, kind: str = "room"
) -> Ruleset:
    new = add_rule(rules, kind, rule_id, CAKE, before, after)
    assert isinstance(new, Ruleset)
    return new


def ids(rules: tuple[PushRule, ...]) -> list[str]:
    return [rule.rule_id for rule in rules]


def three() -> Ruleset:
    return add(add(add(DEFAULTS, "c"), "b"), "a")


def test_a_new_rule_is_the_weightiest_of_its_owners() -> None:
    assert ids(three().room) == ["a", "b", "c"]
    override = ids(add(DEFAULTS, "mine", kind="override").override)
    assert override[:3] == [".m.rule.master", "mine", ".m.rule.suppress_notices"]
    assert ids(add(DEFAULTS, "mine", kind="content").content) == ["mine", ".m.rule.contains_user_name"]
    assert ids(add(DEFAULTS, "mine", kind="underride").underride)[:2] == ["mine", ".m.rule.call"]


@pytest.mark.parametrize(
    ("rule_id", "before", "after", "order"),
    [
        ("n", "b", None, ["a", "n", "b", "c"]),
        ("n", None, "b", ["a", "b", "n", "c"]),
        ("n", "c", "a", ["a", "b", "n", "c"]),
        ("a", None, "c", ["b", "c", "a"]),
        ("c", "a", None, ["c", "a", "b"]),
        ("b", None, None, ["a", "b", "c"]),
    ],
)
def test_rules_are_placed(rule_id: str, before: str | None, after: str | None, order: list[str]) -> None:
    assert ids(add(three(), rule_id, before, after).room) == order


def test_each_kind_keeps_what_belongs_to_it() -> None:
    body = {**CAKE, "conditions": [{"kind": "contains_display_name"}]}
    kept = {}
    for kind in ("override", "content", "room", "sender", "underride"):
        rules = add_rule(DEFAULTS, kind, "x", body, None, None)
        assert isinstance(rules, Ruleset)
        kept[kind] = sorted(msgspec.to_builtins(find_rule(rules, kind, "x")).keys() - {"rule_id", "default", "enabled"})
    assert kept == {
        "override": ["actions", "conditions"],
        "content": ["actions", "pattern"],
        "room": ["actions"],
        "sender": ["actions"],
        "underride": ["actions", "conditions"],
    }


def test_a_changed_rule_stays_switched_off() -> None:
    off = set_enabled(three(), "room", "b", False)
    assert isinstance(off, Ruleset)
    changed = add_rule(off, "room", "b", {"actions": []}, None, None)
    assert isinstance(changed, Ruleset)
    assert find_rule(changed, "room", "b") == PushRule("b", (), enabled=False)


def test_historical_actions_are_left_out() -> None:
    rules = add_rule(DEFAULTS, "room", "x", {"actions": ["dont_notify", "notify", "coalesce"]}, None, None)
    assert isinstance(rules, Ruleset)
    assert rules.room[0].actions == ("notify",)


def test_unknown_conditions_are_kept_as_they_are() -> None:
    odd = {"kind": "org.veche.unheard_of", "feature": ["x"]}
    rules = add_rule(DEFAULTS, "override", "x", {**NOTIFY, "conditions": [odd]}, None, None)
    assert isinstance(rules, Ruleset)
    assert rules.override[1].conditions == (odd,)


def refused(answer: object) -> tuple[str, int, str | None]:
    assert isinstance(answer, Refusal)
    assert answer.text
    return answer.code, answer.status, answer.field


MATCH = {"kind": "event_match", "key": "type"}
REFUSED: list[tuple[str, str, dict[str, Any], tuple[str, int, str]]] = [
    ("keyword", "x", CAKE, ("M_INVALID_PARAM", 400, "kind")),
    ("room", ".mine", CAKE, ("M_INVALID_PARAM", 400, "ruleId")),
    ("room", ".m.rule.master", CAKE, ("M_INVALID_PARAM", 400, "ruleId")),
    ("room", "", CAKE, ("M_INVALID_PARAM", 400, "ruleId")),
    ("room", "a/b", CAKE, ("M_INVALID_PARAM", 400, "ruleId")),
    ("room", "a\\b", CAKE, ("M_INVALID_PARAM", 400, "ruleId")),
    ("room", "x" * 256, CAKE, ("M_INVALID_PARAM", 400, "ruleId")),
    ("room", "x", {}, ("M_MISSING_PARAM", 400, "actions")),
    ("room", "x", {"actions": "notify"}, ("M_BAD_JSON", 400, "actions")),
    ("room", "x", {"actions": ["shout"]}, ("M_INVALID_PARAM", 400, "actions")),
    ("room", "x", {"actions": [{"value": "loud"}]}, ("M_INVALID_PARAM", 400, "actions")),
    ("room", "x", {"actions": [7]}, ("M_INVALID_PARAM", 400, "actions")),
    ("content", "x", NOTIFY, ("M_MISSING_PARAM", 400, "pattern")),
    ("content", "x", {**NOTIFY, "pattern": 7}, ("M_BAD_JSON", 400, "pattern")),
    ("content", "x", {**NOTIFY, "pattern": "x" * 256}, ("M_INVALID_PARAM", 400, "pattern")),
    ("override", "x", {**NOTIFY, "conditions": {}}, ("M_BAD_JSON", 400, "conditions")),
    ("override", "x", {**NOTIFY, "conditions": [{"kind": "x"}] * 101}, ("M_INVALID_PARAM", 400, "conditions")),
    *(
        ("underride", "x", {**NOTIFY, "conditions": [condition]}, ("M_INVALID_PARAM", 400, "conditions"))
        for condition in (
            "contains_display_name",
            {},
            {"kind": 7},
            MATCH,
            {**MATCH, "pattern": None},
            {**MATCH, "pattern": "x" * 256},
            {**MATCH, "pattern": "x", "key": "x" * 256},
            {"kind": "event_match", "pattern": "x"},
            {"kind": "event_property_is", "key": "type"},
            {"kind": "event_property_is", "key": "type", "value": 0.5},
            {"kind": "event_property_contains", "key": "type", "value": []},
            {"kind": "room_member_count"},
            {"kind": "room_member_count", "is": 2},
            {"kind": "room_member_count", "is": "!=2"},
            {"kind": "sender_notification_permission"},
        )
    ),
]


@pytest.mark.parametrize(("kind", "rule_id", "body", "refusal"), REFUSED)
def test_bad_rules_are_refused(kind: str, rule_id: str, body: dict[str, Any], refusal: tuple[str, int, str]) -> None:
    assert refused(add_rule(DEFAULTS, kind, rule_id, body, None, None)) == refusal


@pytest.mark.parametrize("body", [{**MATCH, "pattern": ""}, {"kind": "event_property_is", "key": "", "value": None}])
def test_good_conditions_are_taken(body: dict[str, Any]) -> None:
    assert isinstance(add_rule(DEFAULTS, "override", "x", {**NOTIFY, "conditions": [body]}, None, None), Ruleset)


@pytest.mark.parametrize("name", ["nobody", ".m.rule.master", "x"])
def test_rules_are_placed_only_beside_others_of_their_owners(name: str) -> None:
    rules = add(DEFAULTS, "x", kind="override")
    assert refused(add_rule(rules, "override", "x", NOTIFY, name, None)) == ("M_UNKNOWN", 400, "before")
    assert refused(add_rule(rules, "override", "x", NOTIFY, None, name)) == ("M_UNKNOWN", 400, "after")


def test_there_is_a_limit_to_the_rules_of_a_kind() -> None:
    full = Ruleset(room=tuple(PushRule(str(number), ()) for number in range(MOST_RULES)))
    assert refused(add_rule(full, "room", "one-more", NOTIFY, None, None)) == ("M_INVALID_PARAM", 400, None)
    assert isinstance(add_rule(full, "room", "7", NOTIFY, None, None), Ruleset)


def test_rules_are_removed() -> None:
    rules = remove_rule(three(), "room", "b")
    assert isinstance(rules, Ruleset)
    assert ids(rules.room) == ["a", "c"]
    assert remove_rule(add(DEFAULTS, "x", kind="override"), "override", "x") == DEFAULTS


def test_default_rules_are_not_removed() -> None:
    assert refused(remove_rule(DEFAULTS, "override", ".m.rule.master")) == ("M_INVALID_PARAM", 400, "ruleId")


@pytest.mark.parametrize(("kind", "rule_id"), [("room", "nothing"), ("keyword", "a"), ("sender", "a")])
def test_what_does_not_exist_is_not_found(kind: str, rule_id: str) -> None:
    missing = ("M_NOT_FOUND", 404, None)
    assert refused(find_rule(three(), kind, rule_id)) == missing
    assert refused(remove_rule(three(), kind, rule_id)) == missing
    assert refused(set_enabled(three(), kind, rule_id, True)) == missing
    assert refused(set_actions(three(), kind, rule_id, [])) == missing


def test_actions_are_checked_when_they_are_set() -> None:
    assert refused(set_actions(three(), "room", "a", None)) == ("M_MISSING_PARAM", 400, "actions")


def test_default_rules_are_switched_and_given_actions() -> None:
    on = set_enabled(DEFAULTS, "override", ".m.rule.master", True)
    assert isinstance(on, Ruleset)
    loud = set_actions(on, "underride", ".m.rule.message", ["notify", {"set_tweak": "sound", "value": "bell"}])
    assert isinstance(loud, Ruleset)
    assert changes_of(loud) == Changes(
        altered={
            ".m.rule.master": Alteration(enabled=True),
            ".m.rule.message": Alteration(actions=("notify", {"set_tweak": "sound", "value": "bell"})),
        }
    )


def test_nothing_changed_means_nothing_stored() -> None:
    assert changes_of(DEFAULTS) == Changes()
    assert msgspec.json.encode(Changes()) == b"{}"
    assert ruleset_from(ANNA, Changes()) == DEFAULTS


def test_alterations_of_rules_that_are_gone_have_no_effect() -> None:
    assert ruleset_from(ANNA, Changes(altered={".m.rule.gone": Alteration(enabled=False)})) == DEFAULTS


ACTIONS = st.sampled_from(([], ["notify"], ["notify", {"set_tweak": "highlight"}]))
KINDS = st.sampled_from(("override", "content", "room", "sender", "underride"))
RULES = st.sampled_from(("a", "b", "c", ".m.rule.master", ".m.rule.message", ".m.rule.contains_user_name"))
VERBS = st.sampled_from(("add", "remove", "on", "off", "actions"))
STEPS = st.lists(st.tuples(VERBS, KINDS, RULES, RULES, ACTIONS), max_size=8)


def step(rules: Ruleset, verb: str, kind: str, rule_id: str, beside: str, actions: list[Any]) -> Ruleset | Refusal:
    match verb:
        case "add":
            return add_rule(rules, kind, rule_id, {"actions": actions, "pattern": "tea"}, None, beside)
        case "remove":
            return remove_rule(rules, kind, rule_id)
        case "actions":
            return set_actions(rules, kind, rule_id, actions)
    return set_enabled(rules, kind, rule_id, verb == "on")


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_what_is_stored_brings_the_ruleset_back(steps: list[tuple[str, str, str, str, list[Any]]]) -> None:
    rules = three()
    for verb, kind, rule_id, beside, actions in steps:
        new = step(rules, verb, kind, rule_id, beside, actions)
        rules = rules if isinstance(new, Refusal) else new
    stored = msgspec.json.decode(msgspec.json.encode(changes_of(rules)), type=Changes)
    assert ruleset_from(ANNA, stored) == rules


OLD, NEW = RoomId("!old:x"), RoomId("!new")


def about(rules: Ruleset, kind: str, rule_id: str, room: str = OLD) -> Ruleset:
    conditions = [
        {"kind": "event_match", "key": "room_id", "pattern": room},
        {"kind": "event_property_is", "key": "room_id", "value": room},
        {"kind": "room_member_count", "is": "2"},
    ]
    body: dict[str, Any] = {"actions": [], "conditions": conditions} if kind != "room" else {"actions": []}
    new = add_rule(rules, kind, rule_id, body, None, None)
    assert isinstance(new, Ruleset)
    return new


@pytest.mark.parametrize("kind", ["override", "room", "underride"])
def test_a_rule_about_a_room_is_repeated_for_another(kind: str) -> None:
    rules = about(about(DEFAULTS, kind, OLD), kind, "!between:x")
    both = repeated_for(rules, OLD, NEW)
    own = [rule for rule in getattr(both, kind) if not rule.default]
    assert ids(tuple(own)) == ["!between:x", OLD, NEW]
    assert own[2] == getattr(about(DEFAULTS, kind, NEW, NEW), kind)[1 if kind == "override" else 0]
    assert repeated_for(both, OLD, NEW) == both
    for other in {"override", "room", "underride"} - {kind}:
        assert getattr(both, other) == getattr(rules, other)


def test_a_rule_that_was_switched_off_is_repeated_so() -> None:
    rules = set_enabled(about(DEFAULTS, "room", OLD), "room", OLD, False)
    assert isinstance(rules, Ruleset)
    assert [rule.enabled for rule in repeated_for(rules, OLD, NEW).room] == [False, False]


def test_rules_about_other_rooms_are_not_repeated() -> None:
    rules = about(about(DEFAULTS, "room", "!other:x"), "override", "mine")
    assert repeated_for(rules, OLD, NEW) == rules


def test_where_there_are_too_many_rules_none_is_repeated() -> None:
    own = tuple(PushRule(f"!{number}:x", ()) for number in range(MOST_RULES - 1))
    rules = msgspec.structs.replace(DEFAULTS, room=(PushRule(OLD, ()), *own))
    assert repeated_for(rules, OLD, NEW) == rules


def test_how_often_rules_may_look_into_contents_is_bounded() -> None:
    body, elsewhere = (
        {"kind": "event_match", "key": "content.body", "pattern": "x"},
        {"kind": "event_match", "key": "room_id", "pattern": "x"},
    )
    name, size = {"kind": "contains_display_name"}, {"kind": "room_member_count", "is": "2"}
    rules = DEFAULTS
    for number in range(MOST_LOOKS // 4):
        conditions = [body, elsewhere, name, size, {"kind": "event_property_is", "key": "content.n", "value": 1}]
        new = add_rule(rules, "override", f"o{number}", {**NOTIFY, "conditions": conditions}, None, None)
        assert isinstance(new, Ruleset)
        rules = add(new, f"c{number}", kind="content")
    for kind, more in (("content", CAKE), ("underride", {**NOTIFY, "conditions": [body]})):
        refused = add_rule(rules, kind, "one more", more, None, None)
        assert isinstance(refused, Refusal)
        assert (refused.code, refused.status) == ("M_INVALID_PARAM", 400)
    allowed = add_rule(rules, "override", "a muted room", {**NOTIFY, "conditions": [elsewhere, size]}, None, None)
    assert isinstance(allowed, Ruleset)
    assert isinstance(add_rule(rules, "content", "c0", CAKE, None, None), Ruleset), "what is there may be changed"
