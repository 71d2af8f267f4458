"""Running totals, own rows and classes give what evaluating every rule for every member would (law 7)."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from veche.domain.ids import RoomId, UserId
from veche.domain.notifications import (
    EventFacts,
    MemberFacts,
    PushRule,
    RoomFacts,
    Ruleset,
    Totals,
    add_rule,
    candidate_words,
    counted,
    default_ruleset,
    evaluate,
    evaluate_defaults,
    member_class,
    name_keys,
    named_in,
    own_row,
    set_actions,
    set_enabled,
)
from veche.domain.refusals import Refusal

ANNA, BORIS, CHEN = UserId("@anna:veche.test"), UserId("@boris:veche.test"), UserId("@chen:veche.test")
HALL, CELLAR = RoomId("!hall:veche.test"), RoomId("!cellar:veche.test")

TYPES = (
    "m.room.message", "m.room.message", "M.Room.Message", "m.room.encrypted", "m.call.invite", "m.reaction",
    "m.room.member", "m.room.tombstone", "m.room.server_acl", "m.room.topic",
)  # fmt: skip
BODIES = (None, "tea", "@room tea", "anna?", "Anna Orlova", "* annaorlova", "Жanna", "chen, @rooms", "@room Anna", 7)
MENTIONS: tuple[Any, ...] = (
    None, None, {}, "anna", {"user_ids": "x"}, {"user_ids": [ANNA, 7, BORIS]}, {"user_ids": [CHEN]}, {"room": True},
    {"room": True, "user_ids": [ANNA]}, {"room": "true"}, [],
)  # fmt: skip
RELATIONS = (None, None, {"rel_type": "m.replace"}, {"rel_type": "m.thread"}, "none")
MSGTYPES = (None, "m.text", "m.text", "m.notice", "M.Notice", 7)
SENDERS_AND_KEYS = ((BORIS, None), (BORIS, None), (BORIS, ""), (BORIS, CHEN), (ANNA, None))


def event_of(kind: str, body: Any, mentions: Any, relation: Any, msgtype: Any, who: tuple[UserId, str]) -> EventFacts:
    parts = {"body": body, "m.mentions": mentions, "m.relates_to": relation, "msgtype": msgtype, "membership": "invite"}
    content = {key: value for key, value in parts.items() if value is not None}
    return EventFacts(kind, content, who[0], HALL, who[1])


EVENTS = st.builds(
    event_of, *(st.sampled_from(values) for values in (TYPES, BODIES, MENTIONS, RELATIONS, MSGTYPES, SENDERS_AND_KEYS))
)
ROOMS = st.sampled_from([RoomFacts(n, power, {"room": 20}) for n in (2, 3) for power in (0, 20)] + [RoomFacts(2, 50)])
NAMES = st.sampled_from((None, "Anna Orlova", "tea", " ", "@room"))


def of_rules(rules: Ruleset, event: EventFacts, room: RoomFacts, member: MemberFacts) -> Totals:
    verdict = evaluate(rules, event, room, member)
    return Totals(int(verdict.notify), int(verdict.highlight))


def together(base: Totals, own: Totals | None) -> Totals:
    return Totals(base.notify + own.notify, base.highlight + own.highlight) if own else base


@settings(max_examples=150, deadline=None)
@given(EVENTS, ROOMS, NAMES)
def test_totals_and_own_rows_are_what_the_default_rules_give(
    event: EventFacts, room: RoomFacts, name: str | None
) -> None:
    base = evaluate_defaults(event, room)
    unnamed, anna = MemberFacts(UserId("@quokka:veche.test"), "Quokka"), MemberFacts(ANNA, name)
    assert base == of_rules(default_ruleset(unnamed.user), event, room, unnamed)
    own = own_row(event, base, anna)
    if event.sender == ANNA:
        assert own is None
    else:
        assert together(base, own) == of_rules(default_ruleset(ANNA), event, room, anna)
    assert own is None or is_looked_up(event, anna)


def is_looked_up(event: EventFacts, member: MemberFacts) -> bool:
    named = named_in(event)
    if named is not None:
        return member.user in named
    return bool(name_keys(member.user, member.display_name) & candidate_words(event.content["body"]))


def message(**content: Any) -> EventFacts:
    return EventFacts("m.room.message", content, BORIS, HALL)


@pytest.mark.parametrize(
    ("event", "named"),
    [
        (message(body="anna"), None),
        (message(), frozenset()),
        (message(body="anna", **{"m.mentions": {}}), frozenset()),
        (message(**{"m.mentions": {"user_ids": [ANNA, CHEN, BORIS, 7]}}), {ANNA, CHEN}),
        (message(msgtype="m.notice", **{"m.mentions": {"user_ids": [ANNA]}}), frozenset()),
        (message(msgtype="m.notice", body="anna"), frozenset()),
        (EventFacts("m.room.member", {"membership": "invite"}, BORIS, HALL, ANNA), frozenset()),
    ],
)
def test_named_in(event: EventFacts, named: frozenset[UserId] | None) -> None:
    assert named_in(event) == named


@pytest.mark.parametrize(
    ("event", "room", "own"),
    [
        (message(**{"m.mentions": {"user_ids": [ANNA]}}), RoomFacts(5, 0), Totals(0, 1)),
        (message(**{"m.mentions": {"user_ids": [ANNA], "room": True}}), RoomFacts(5, 50), None),
        (EventFacts("m.sticker", {"body": "anna"}, BORIS, HALL), RoomFacts(5, 0), Totals(1, 1)),
        (EventFacts("m.reaction", {"body": "anna"}, BORIS, HALL), RoomFacts(5, 0), None),
        (EventFacts("m.room.server_acl", {"body": "anna"}, BORIS, HALL, ""), RoomFacts(5, 0), None),
        (EventFacts("m.room.server_acl", {"body": "anna"}, BORIS, HALL), RoomFacts(5, 0), Totals(1, 1)),
        (message(body="nobody"), RoomFacts(5, 0), None),
    ],
)
def test_own_row(event: EventFacts, room: RoomFacts, own: Totals | None) -> None:
    assert own_row(event, evaluate_defaults(event, room), MemberFacts(ANNA, None)) == own


def edited(rules: Ruleset | Refusal) -> Ruleset:
    assert isinstance(rules, Ruleset)
    return rules


def room_is(room: str) -> dict[str, Any]:
    return {"kind": "event_match", "key": "room_id", "pattern": room}


Edit = tuple[str, str, str, Any]
SILENT: dict[str, Any] = {"actions": []}
MUTE_HALL: Edit = ("add", "override", "mute", {"actions": [], "conditions": [room_is(HALL)]})
MUTE_CELLAR: Edit = ("add", "override", "mute", {"actions": [], "conditions": [room_is(CELLAR)]})
QUIET_HALL: Edit = ("add", "room", HALL, SILENT)
KEYWORD: Edit = ("add", "content", "tea", {"actions": ["notify"], "pattern": "tea"})
UNDERRIDES = ("call", "encrypted_room_one_to_one", "room_one_to_one", "message", "encrypted")
NO_UNDERRIDES: list[Edit] = [("off", "underride", f".m.rule.{name}", None) for name in UNDERRIDES]


def after(*edits: Edit) -> Ruleset:
    rules = default_ruleset(ANNA)
    for verb, kind, rule_id, what in edits:
        match verb:
            case "add":
                rules = edited(add_rule(rules, kind, rule_id, what, None, None))
            case "actions":
                rules = edited(set_actions(rules, kind, rule_id, what))
            case _:
                rules = edited(set_enabled(rules, kind, rule_id, verb == "on"))
    return rules


CLASSES: list[tuple[str, list[Edit], str]] = [
    ("defaults", [], "all"),
    ("a sound more", [("actions", "underride", ".m.rule.message", ["notify", {"set_tweak": "sound"}])], "all"),
    ("another room muted", [MUTE_CELLAR], "all"),
    ("another room quiet", [("add", "room", CELLAR, SILENT)], "all"),
    ("another room by value", [("add", "override", "x", {"actions": [], "conditions": [
        {"kind": "event_property_is", "key": "room_id", "value": CELLAR}]})], "all"),
    ("muted", [MUTE_HALL], "muted"),
    ("muted, with keywords", [KEYWORD, MUTE_HALL], "muted"),
    ("muted by glob", [("add", "override", "x", {"actions": [], "conditions": [room_is("!h*")]})], "muted"),
    ("muted by a rule without conditions", [("add", "override", "x", SILENT)], "muted"),
    ("master", [("on", "override", ".m.rule.master", None)], "muted"),
    ("quiet", [QUIET_HALL], "mentions"),
    ("quiet everywhere", NO_UNDERRIDES, "mentions"),
    ("quiet, silent sender", [QUIET_HALL, ("add", "sender", BORIS, SILENT)], "mentions"),
    ("quiet, calls ring", NO_UNDERRIDES[1:], "own rules"),
    ("quiet, mentions off", [QUIET_HALL, ("off", "override", ".m.rule.is_user_mention", None)], "own rules"),
    ("mentions do not highlight", [("actions", "override", ".m.rule.is_user_mention", ["notify"])], "own rules"),
    ("all events of the room", [("add", "room", HALL, {"actions": ["notify"]})], "own rules"),
    ("keyword", [KEYWORD], "own rules"),
    ("sender", [("add", "sender", BORIS, SILENT)], "own rules"),
    ("muted after an exception", [MUTE_HALL, ("add", "override", "x", {"actions": ["notify"], "conditions": [
        room_is(HALL), {"kind": "contains_display_name"}]})], "own rules"),
    ("master that notifies", [("on", "override", ".m.rule.master", None),
        ("actions", "override", ".m.rule.master", ["notify"])], "own rules"),
]  # fmt: skip


@pytest.mark.parametrize(("edits", "expected"), [row[1:] for row in CLASSES], ids=[row[0] for row in CLASSES])
def test_member_class(edits: list[Edit], expected: str) -> None:
    assert member_class(after(*edits), HALL, False) == expected


def test_whoever_ignores_people_has_own_rules_unless_muted() -> None:
    assert member_class(after(), HALL, True) == "own rules"
    assert member_class(after(QUIET_HALL), HALL, True) == "own rules"
    assert member_class(after(MUTE_HALL), HALL, True) == "muted"


def test_counts_of_a_stretch() -> None:
    total, own = Totals(7, 2), Totals(1, 3)
    assert counted("all", total, own) == Totals(8, 5)
    assert counted("mentions", total, own) == Totals(5, 5)
    assert counted("muted", total, own) == Totals()
    assert counted("own rules", total, own) is None


SINGLE_EDITS: list[Edit] = [edit for _, edits, _ in CLASSES for edit in edits if edit not in NO_UNDERRIDES] + [
    (verb, kind, rule.rule_id, [] if verb == "actions" else None)
    for kind, rules in msgspec.structs.asdict(default_ruleset(ANNA)).items()
    for rule in rules
    if isinstance(rule, PushRule)
    for verb in ("off", "actions")
]
EDITS = st.lists(st.sampled_from(SINGLE_EDITS), max_size=3)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(([], NO_UNDERRIDES)), EDITS, EVENTS, ROOMS, NAMES)
def test_a_class_counts_as_the_rules_do(
    first: list[Edit], edits: list[Edit], event: EventFacts, room: RoomFacts, name: str | None
) -> None:
    rules, anna, base = after(*first, *edits), MemberFacts(ANNA, name), evaluate_defaults(event, room)
    count = counted(member_class(rules, HALL, False), base, own_row(event, base, anna) or Totals())
    if count is not None and event.sender != ANNA:
        assert count == of_rules(rules, event, room, anna)
