"""The default push rules and the complete evaluation, as tables."""

from typing import Any

import msgspec
import pytest

from veche.domain.ids import RoomId, UserId
from veche.domain.notifications import (
    EventFacts,
    MemberFacts,
    PushRule,
    RoomFacts,
    Ruleset,
    Verdict,
    default_ruleset,
    evaluate,
)

ANNA, BORIS = UserId("@anna:veche.test"), UserId("@boris:veche.test")
HALL = RoomId("!hall:veche.test")
NOTIFY = ("notify",)


def event(kind: str = "m.room.message", state_key: str | None = None, /, **content: Any) -> EventFacts:
    return EventFacts(kind, content, BORIS, HALL, state_key)


def ask(rules: Ruleset, event: EventFacts, room: RoomFacts | None = None, name: str | None = "Anna Orlova") -> Verdict:
    return evaluate(rules, event, room or RoomFacts(5, 0), MemberFacts(ANNA, name))


def test_default_rules_are_these_in_this_order() -> None:
    rules = default_ruleset(ANNA)
    assert [rule.rule_id for rule in rules.override] == [
        ".m.rule.master",
        ".m.rule.suppress_notices",
        ".m.rule.invite_for_me",
        ".m.rule.member_event",
        ".m.rule.is_user_mention",
        ".m.rule.contains_display_name",
        ".m.rule.is_room_mention",
        ".m.rule.roomnotif",
        ".m.rule.tombstone",
        ".m.rule.reaction",
        ".m.rule.room.server_acl",
        ".m.rule.suppress_edits",
    ]
    assert [rule.rule_id for rule in rules.content] == [".m.rule.contains_user_name"]
    assert rules.room == rules.sender == ()
    assert [rule.rule_id for rule in rules.underride] == [
        ".m.rule.call",
        ".m.rule.encrypted_room_one_to_one",
        ".m.rule.room_one_to_one",
        ".m.rule.message",
        ".m.rule.encrypted",
    ]
    everything = (*rules.override, *rules.content, *rules.underride)
    assert all(rule.default for rule in everything)
    assert [rule.rule_id for rule in everything if not rule.enabled] == [".m.rule.master"]
    assert len({rule.rule_id for rule in everything}) == len(everything)


def test_rules_travel_in_the_shape_of_the_specification() -> None:
    wire = msgspec.json.decode(msgspec.json.encode(default_ruleset(ANNA)))
    assert wire["room"] == wire["sender"] == []
    assert wire["override"][0] == {
        "rule_id": ".m.rule.master", "default": True, "enabled": False, "conditions": [], "actions": [],
    }  # fmt: skip
    assert wire["override"][4] == {
        "rule_id": ".m.rule.is_user_mention", "default": True, "enabled": True,
        "conditions": [
            {"kind": "event_property_contains", "key": r"content.m\.mentions.user_ids", "value": "@anna:veche.test"}
        ],
        "actions": ["notify", {"set_tweak": "sound", "value": "default"}, {"set_tweak": "highlight"}],
    }  # fmt: skip
    assert wire["content"][0]["pattern"] == "anna"
    assert "conditions" not in wire["content"][0]
    assert wire["underride"][0]["actions"] == ["notify", {"set_tweak": "sound", "value": "ring"}]
    assert wire["underride"][1]["conditions"] == [
        {"kind": "room_member_count", "is": "2"},
        {"kind": "event_match", "key": "type", "pattern": "m.room.encrypted"},
    ]


SILENT, ONCE, SOUND, LOUD, CALLED = "silent", "notify", "notify+sound", "notify+highlight", "notify+sound+highlight"
EDIT = {"rel_type": "m.replace", "event_id": "$before"}
FIVE = RoomFacts(5, 0)
DEFAULTS: list[tuple[str, EventFacts, RoomFacts, str]] = [
    ("message", event(body="hello"), FIVE, ONCE),
    ("message between two", event(body="hello"), RoomFacts(2, 0), SOUND),
    ("encrypted", event("m.room.encrypted"), FIVE, ONCE),
    ("encrypted between two", event("m.room.encrypted"), RoomFacts(2, 0), SOUND),
    ("encrypted edit", event("m.room.encrypted", **{"m.relates_to": EDIT}), FIVE, SILENT),
    ("call", event("m.call.invite"), FIVE, "notify+sound"),
    ("topic", event("m.room.topic", "", topic="hello"), FIVE, SILENT),
    ("notice that mentions", event(msgtype="m.notice", **{"m.mentions": {"user_ids": [ANNA]}}), FIVE, SILENT),
    ("invitation", event("m.room.member", ANNA, membership="invite"), FIVE, SOUND),
    ("another's invitation", event("m.room.member", BORIS, membership="invite"), FIVE, SILENT),
    ("mention", event(body="x", **{"m.mentions": {"user_ids": [BORIS, ANNA]}}), FIVE, CALLED),
    ("mention of another", event(body="anna", **{"m.mentions": {"user_ids": [BORIS]}}), FIVE, ONCE),
    ("mention in an edit", event(**{"m.mentions": {"user_ids": [ANNA]}, "m.relates_to": EDIT}), FIVE, CALLED),
    ("display name", event(body="ask anna orlova!"), FIVE, CALLED),
    ("display name, but m.mentions", event(body="Anna Orlova", **{"m.mentions": {}}), FIVE, ONCE),
    ("localpart", event(body="ask Anna"), FIVE, CALLED),
    ("localpart in a word", event(body="ask annabel"), FIVE, ONCE),
    ("localpart in an edit", event(body="* anna", **{"m.relates_to": EDIT}), FIVE, SILENT),
    ("body that is no text", event(body=["anna"]), FIVE, ONCE),
    ("room mention", event(**{"m.mentions": {"room": True}}), RoomFacts(5, 50), LOUD),
    ("room mention without power", event(**{"m.mentions": {"room": True}}), RoomFacts(5, 49), ONCE),
    ("room mention, lower level", event(**{"m.mentions": {"room": True}}), RoomFacts(5, 1, {"room": 1}), LOUD),
    ("room mention, ill-typed level", event(**{"m.mentions": {"room": True}}), RoomFacts(5, 9, {"room": "1"}), ONCE),
    ("room mention that is not true", event(**{"m.mentions": {"room": 1}}), RoomFacts(5, 50), ONCE),
    ("@room in the text", event(body="@room: tea"), RoomFacts(5, 50), LOUD),
    ("@room in the text, but m.mentions", event(body="@room", **{"m.mentions": {}}), RoomFacts(5, 50), ONCE),
    ("@rooms in the text", event(body="@rooms"), RoomFacts(5, 50), ONCE),
    ("tombstone", event("m.room.tombstone", ""), FIVE, LOUD),
    ("tombstone that is not state", event("m.room.tombstone"), FIVE, SILENT),
    ("reaction", event("m.reaction", body="anna"), FIVE, SILENT),
    ("server_acl", event("m.room.server_acl", "", body="anna"), FIVE, SILENT),
    ("edit", event(body="* hello", **{"m.relates_to": EDIT}), FIVE, SILENT),
]  # fmt: skip


def in_words(verdict: Verdict) -> str:
    parts = ["notify"] * verdict.notify + ["sound"] * ("sound" in verdict.tweaks) + ["highlight"] * verdict.highlight
    return "+".join(parts) or "silent"


@pytest.mark.parametrize(("event", "room", "expected"), [row[1:] for row in DEFAULTS], ids=[row[0] for row in DEFAULTS])
def test_default_rules(event: EventFacts, room: RoomFacts, expected: str) -> None:
    assert in_words(ask(default_ruleset(ANNA), event, room)) == expected


def test_nobody_is_notified_of_what_they_sent() -> None:
    own = msgspec.structs.replace(event(body="anna"), sender=ANNA)
    assert ask(default_ruleset(ANNA), own) == Verdict()


def test_master_switch_silences_everything() -> None:
    rules = default_ruleset(ANNA)
    on = (msgspec.structs.replace(rules.override[0], enabled=True), *rules.override[1:])
    assert not ask(msgspec.structs.replace(rules, override=on), event(body="anna")).notify


def test_no_rules_notify_of_nothing() -> None:
    assert ask(Ruleset(), event(body="anna")) == Verdict()


def test_tweaks_are_passed_through_and_actions_kept() -> None:
    actions = ("notify", {"set_tweak": "light", "value": 3}, {"set_tweak": "highlight", "value": False})
    verdict = ask(Ruleset(override=(PushRule("x", actions),)), event(body="tea"))
    assert verdict == Verdict(True, False, {"light": 3, "highlight": False}, actions)


def test_tweaks_without_notify_mean_nothing() -> None:
    assert ask(Ruleset(override=(PushRule("x", ({"set_tweak": "highlight"},)),)), event()) == Verdict()


def test_kinds_are_asked_in_order_and_disabled_rules_not_at_all() -> None:
    loud = PushRule("tea", ("notify", {"set_tweak": "highlight"}), pattern="tea")
    quiet = PushRule(HALL, ())
    rules = Ruleset(content=(loud,), room=(quiet,), sender=(PushRule(BORIS, NOTIFY),))
    assert ask(rules, event(body="time for Tea")).highlight
    assert ask(rules, event(body="teapot")) == Verdict()
    assert ask(msgspec.structs.replace(rules, room=()), event(body="teapot")).notify
    off = msgspec.structs.replace(loud, enabled=False)
    assert not ask(msgspec.structs.replace(rules, content=(off,)), event(body="tea")).notify


def test_rules_of_other_rooms_and_senders_do_not_speak() -> None:
    rules = Ruleset(room=(PushRule("!cellar:veche.test", NOTIFY),), sender=(PushRule("@chen:veche.test", NOTIFY),))
    assert not ask(rules, event(body="tea")).notify


def match(key: str, pattern: str) -> dict[str, Any]:
    return {"kind": "event_match", "key": key, "pattern": pattern}


def same(key: str, value: Any) -> dict[str, Any]:
    return {"kind": "event_property_is", "key": key, "value": value}


def contains(key: str, value: Any) -> dict[str, Any]:
    return {"kind": "event_property_contains", "key": key, "value": value}


def count(text: str) -> dict[str, Any]:
    return {"kind": "room_member_count", "is": text}


TOPIC = event(
    "m.room.topic",
    "",
    topic="Lunch plans",
    n=1,
    yes=True,
    none=None,
    half=[1, True, "a", {"b": 1}],
    **{"m.dotted": {"a\\b": "c", "": "empty", "x\\y": "z"}},
)
CONDITIONS: list[tuple[dict[str, Any], bool]] = [
    (match("content.topic", "lunc?*"), True),
    (match("content.topic", "lunch"), False),
    (match("content.topic", "*PLANS"), True),
    (match("content.n", "*"), False),
    (match("content.none", "*"), False),
    (match("content.absent", "*"), False),
    (match("content.topic.deeper", "*"), False),
    (match("state_key", ""), True),
    (match("type", "M.ROOM.topic"), True),
    (match("sender", "@boris:*"), True),
    (match("room_id", HALL), True),
    (match("origin_server_ts", "*"), False),
    (match("", "*"), False),
    (match(r"content.m\.dotted.a\\b", "c"), True),
    (match(r"content.m\.dotted.x\y", "z"), True),
    (match(r"content.m\.dotted.", "empty"), True),
    (match("content.m.dotted.", "*"), False),
    (same("content.n", 1), True),
    (same("content.n", True), False),
    (same("content.yes", True), True),
    (same("content.yes", "true"), False),
    (same("content.none", None), True),
    (same("content.absent", None), False),
    (same("content.topic", "lunch plans"), False),
    (same("content.half", 1), False),
    (contains("content.half", True), True),
    (contains("content.half", "a"), True),
    (contains("content.half", None), False),
    (contains("content.half", "A"), False),
    (contains("content.topic", "Lunch plans"), False),
    (count("5"), True),
    (count("==5"), True),
    (count("<5"), False),
    (count("<6"), True),
    (count(">4"), True),
    (count(">=6"), False),
    (count("<=5"), True),
    (count("many"), False),
    ({"kind": "sender_notification_permission", "key": "room"}, False),
    ({"kind": "sender_notification_permission", "key": "fire"}, True),
    ({"kind": "contains_display_name"}, False),
    ({"kind": "org.veche.unheard_of"}, False),
]


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS, ids=str)
def test_condition(condition: dict[str, Any], expected: bool) -> None:
    rules = Ruleset(underride=(PushRule("x", NOTIFY, conditions=(condition,)),))
    assert ask(rules, TOPIC, RoomFacts(5, 10, {"fire": 10})).notify is expected


def test_state_key_is_absent_from_what_is_not_state() -> None:
    for condition in (match("state_key", "*"), same("state_key", None)):
        assert not ask(Ruleset(override=(PushRule("x", NOTIFY, conditions=(condition,)),)), event()).notify


def test_all_conditions_must_hold() -> None:
    rules = Ruleset(override=(PushRule("x", NOTIFY, conditions=(count("5"), match("type", "*topic"))),))
    assert ask(rules, TOPIC).notify
    assert not ask(rules, TOPIC, RoomFacts(6, 0)).notify
