"""The complete evaluation of a person's push rules for one event (section Push Rules).

The short way for the default rules, taken once per event, is in ``totals.py``; both must agree.
"""

from collections.abc import Iterator

from veche.domain.notifications.conditions import holds
from veche.domain.notifications.defaults import LEGACY_MENTIONS
from veche.domain.notifications.patterns import matches_words
from veche.domain.notifications.records import (
    RULE_KINDS,
    Action,
    EventFacts,
    MemberFacts,
    PushRule,
    RoomFacts,
    RuleKind,
    Ruleset,
    Verdict,
    rules_of,
)

MENTIONS = "m.mentions"

_SILENT = Verdict()


def evaluate(ruleset: Ruleset, event: EventFacts, room: RoomFacts, member: MemberFacts) -> Verdict:
    """Return what the first matching rule says; nobody is notified of what they sent themselves."""
    if event.sender == member.user:
        return _SILENT
    for kind, rule in in_order(ruleset):
        if rule.enabled and _applies(kind, rule, event, room, member):
            return verdict_of(rule.actions)
    return _SILENT


def in_order(ruleset: Ruleset) -> Iterator[tuple[RuleKind, PushRule]]:
    """Go through all rules in the order in which they are asked."""
    for kind in RULE_KINDS:
        for rule in rules_of(ruleset, kind):
            yield kind, rule


def verdict_of(actions: tuple[Action, ...]) -> Verdict:
    """Return what a rule's actions come to. Without ``notify`` its tweaks have nothing to adorn."""
    if "notify" not in actions:
        return _SILENT
    tweaks = {}
    for action in actions:
        if isinstance(action, dict):
            name = action["set_tweak"]
            tweaks[name] = action.get("value", True if name == "highlight" else None)
    return Verdict(True, tweaks.get("highlight") is True, tweaks, actions)


def _applies(kind: RuleKind, rule: PushRule, event: EventFacts, room: RoomFacts, member: MemberFacts) -> bool:
    if rule.rule_id in LEGACY_MENTIONS and MENTIONS in event.content:
        return False
    match kind:
        case "room":
            return rule.rule_id == event.room_id
        case "sender":
            return rule.rule_id == event.sender
        case "content":
            body = event.content.get("body")
            return isinstance(body, str) and isinstance(rule.pattern, str) and matches_words(rule.pattern, body)
    return not rule.conditions or all(holds(condition, event, room, member) for condition in rule.conditions)
