"""Push rules, read plainly from the specification: every rule asked for every event. Shares nothing with the server."""

import fnmatch
import re
from typing import Any

Json = dict[str, Any]

KINDS = ("override", "content", "room", "sender", "underride")
MASTER = ".m.rule.master"
"""It comes before all others and silences everything."""
LEGACY = {".m.rule.contains_display_name", ".m.rule.roomnotif", ".m.rule.contains_user_name"}
"""They count only for events without m.mentions."""


class Facts:
    """An event as it came into the room: how many were joined, what its sender could do, how the reader was called."""

    def __init__(self, event: Json, size: int, power: int, needed: int, name: str | None) -> None:
        self.event = event
        self.size = size
        self.power = power
        self.needed = needed
        self.name = name


def verdict(ruleset: Json, user: str, facts: Facts) -> tuple[bool, bool]:
    """Return whether an event notifies a person with these rules, and whether loudly."""
    event = facts.event
    if event["sender"] == user:
        return False, False
    for kind in KINDS:
        for rule in ruleset[kind]:
            if rule["enabled"] and _matches(kind, rule, facts):
                return _effect(rule["actions"])
    return False, False


def _effect(actions: list[Any]) -> tuple[bool, bool]:
    loud = False
    for action in actions:
        if isinstance(action, dict) and action["set_tweak"] == "highlight":
            loud = action.get("value", True) is True
    notifies = "notify" in actions
    return notifies, notifies and loud


def _matches(kind: str, rule: Json, facts: Facts) -> bool:
    event = facts.event
    if rule["rule_id"] in LEGACY and "m.mentions" in event["content"]:
        return False
    if kind == "room":
        return bool(rule["rule_id"] == event["room_id"])
    if kind == "sender":
        return bool(rule["rule_id"] == event["sender"])
    if kind == "content":
        return _in_words(rule["pattern"], event["content"].get("body"))
    return all(_holds(condition, facts) for condition in rule["conditions"])


def _holds(condition: Json, facts: Facts) -> bool:
    kind, event = condition["kind"], facts.event
    if kind == "event_match":
        value = _look(event, condition["key"])
        if condition["key"] == "content.body":
            return _in_words(condition["pattern"], value)
        return isinstance(value, str) and re.fullmatch(_glob(condition["pattern"]), value.lower(), re.S) is not None
    if kind == "event_property_is":
        value = _look(event, condition["key"])
        return type(value) is type(condition["value"]) and bool(value == condition["value"])
    if kind == "event_property_contains":
        value = _look(event, condition["key"])
        return isinstance(value, list) and condition["value"] in value
    if kind == "contains_display_name":
        body, name = event["content"].get("body"), (facts.name or "").strip().lower()
        return (
            isinstance(body, str)
            and bool(name)
            and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", body.lower()) is not None
        )
    if kind == "room_member_count":
        return _fits(condition["is"], facts.size)
    if kind == "sender_notification_permission":
        return facts.power >= facts.needed
    return False


def _look(event: Json, key: str) -> Any:
    found: Any = event
    for name in re.split(r"(?<!\\)\.", key):
        name = name.replace("\\.", ".")
        if not isinstance(found, dict) or name not in found:
            return None
        found = found[name]
    return found


def _in_words(pattern: str, text: Any) -> bool:
    if not isinstance(text, str):
        return False
    return re.search(rf"(?:^|[^a-z0-9_]){_glob(pattern)}(?:$|[^a-z0-9_])", text.lower(), re.S) is not None


def _glob(pattern: str) -> str:
    return fnmatch.translate(pattern.lower()).removeprefix("(?s:").removesuffix(")\\Z")


def _fits(wanted: str, size: int) -> bool:
    sign, number = re.fullmatch(r"([<>=]*)(\d+)", wanted).groups()  # type: ignore[union-attr]
    return {
        "": size == int(number),
        "==": size == int(number),
        "<": size < int(number),
        ">": size > int(number),
        "<=": size <= int(number),
        ">=": size >= int(number),
    }[sign]
