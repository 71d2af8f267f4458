"""What clients may send as a push rule: read into a record, or refused with a sentence that names the fault.

Where a rule stands among the others is decided in ``editing.py``.
"""

from collections.abc import Mapping
from typing import Any, Final

from veche.base import json
from veche.domain.ids import fits
from veche.domain.notifications.conditions import fault_of
from veche.domain.notifications.patterns import MOST_BESIDE_MARKS, is_bearable
from veche.domain.notifications.records import Action, Condition, PushRule, RuleKind
from veche.domain.refusals import Refusal, bad_json, invalid_param, missing_param

LONGEST_TEXT: Final = 255  # characters of a key or pattern; rules are asked about every event their owner reads
MOST_CONDITIONS: Final = 100
LARGEST_PART: Final = 16_384
"""Bytes of a rule's actions, and of its conditions: all of its owner's devices read them at every first sync."""

_TOO_HARD: Final = f"A pattern has at most {MOST_BESIDE_MARKS} letters beside question marks, between two stars."
_HISTORICAL: Final = ("dont_notify", "coalesce")


def read_rule(kind: RuleKind, rule_id: str, body: Mapping[str, Any]) -> PushRule | Refusal:
    """Read the body of ``PUT /pushrules/global/{kind}/{ruleId}`` into an enabled rule; keys of other kinds are left."""
    refusal = _refuse_name(rule_id)
    if refusal is not None:
        return refusal
    actions = read_actions(body.get("actions"))
    if isinstance(actions, Refusal):
        return actions
    match kind:
        case "content":
            return _content_rule(rule_id, actions, body.get("pattern"))
        case "override" | "underride":
            return _conditional_rule(rule_id, actions, body.get("conditions", []))
    return PushRule(rule_id, actions)


def read_actions(value: Any) -> tuple[Action, ...] | Refusal:
    """Read a list of actions, leaving out the historical ones that mean nothing (section Historical Actions)."""
    if value is None:
        return missing_param("A push rule needs actions.", "actions")
    if not isinstance(value, list):
        return bad_json("The actions of a push rule must be a list.", "actions")
    for action in value:
        if not _is_action(action):
            return invalid_param("An action must be notify or an object with set_tweak.", "actions")
    if len(json.encode(value)) > LARGEST_PART:
        return invalid_param(f"The actions of a rule have at most {LARGEST_PART} bytes.", "actions")
    return tuple(action for action in value if action not in _HISTORICAL)


def _refuse_name(rule_id: str) -> Refusal | None:
    if rule_id.startswith("."):
        return invalid_param("Rule ids that start with a dot belong to the server.", "ruleId")
    if not rule_id or "/" in rule_id or "\\" in rule_id or not fits(rule_id):
        return invalid_param("A rule id has 1 to 255 bytes and neither slash nor backslash.", "ruleId")
    return None


def _is_action(action: Any) -> bool:
    if isinstance(action, dict):
        return isinstance(action.get("set_tweak"), str)
    return action == "notify" or action in _HISTORICAL


def _content_rule(rule_id: str, actions: tuple[Action, ...], pattern: Any) -> PushRule | Refusal:
    if pattern is None:
        return missing_param("A content rule needs a pattern.", "pattern")
    if not isinstance(pattern, str):
        return bad_json("The pattern of a content rule must be a string.", "pattern")
    if len(pattern) > LONGEST_TEXT:
        return invalid_param(f"A pattern has at most {LONGEST_TEXT} characters.", "pattern")
    if not is_bearable(pattern):
        return invalid_param(_TOO_HARD, "pattern")
    return PushRule(rule_id, actions, pattern=pattern)


def _conditional_rule(rule_id: str, actions: tuple[Action, ...], conditions: Any) -> PushRule | Refusal:
    if not isinstance(conditions, list):
        return bad_json("The conditions of a push rule must be a list.", "conditions")
    if len(conditions) > MOST_CONDITIONS:
        return invalid_param(f"A push rule has at most {MOST_CONDITIONS} conditions.", "conditions")
    for condition in conditions:
        fault = fault_of(condition) or _fault_of_length(condition)
        if fault is not None:
            return invalid_param(fault, "conditions")
    if len(json.encode(conditions)) > LARGEST_PART:
        return invalid_param(f"The conditions of a rule have at most {LARGEST_PART} bytes.", "conditions")
    return PushRule(rule_id, actions, conditions=tuple(conditions))


def _fault_of_length(condition: Condition) -> str | None:
    texts = (condition.get("key"), condition.get("pattern"))
    long = any(isinstance(text, str) and len(text) > LONGEST_TEXT for text in texts)
    if long:
        return f"A key or pattern has at most {LONGEST_TEXT} characters."
    pattern = condition.get("pattern")
    return _TOO_HARD if isinstance(pattern, str) and not is_bearable(pattern) else None
