"""Changing a ruleset: adding, removing, switching, new actions (client-server API, section Push Rules: API).

Each function returns the new ruleset or why there is none; nothing is stored here.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from veche.domain.ids import RoomId
from veche.domain.notifications.bodies import read_actions, read_rule
from veche.domain.notifications.defaults import with_own
from veche.domain.notifications.records import RULE_KINDS, PushRule, RuleKind, Ruleset, rules_of
from veche.domain.refusals import Refusal, invalid_param, not_found

MOST_RULES: Final = 1000  # of one person's own, per kind
MOST_LOOKS: Final = 200
"""Patterns and conditions of one person's own rules that look into what people write: all of it, for every event."""
_ABOUT_ROOMS: Final[tuple[RuleKind, ...]] = ("override", "room", "underride")


def find_rule(ruleset: Ruleset, kind: str, rule_id: str) -> PushRule | Refusal:
    """Return one rule; 404 for what does not exist, unknown kinds included."""
    found = _located(ruleset, kind, rule_id)
    return found if isinstance(found, Refusal) else found[1]


def add_rule(
    ruleset: Ruleset, kind: str, rule_id: str, body: Mapping[str, Any], before: str | None, after: str | None
) -> Ruleset | Refusal:
    """Add a rule, or change the owner's rule of this id; every refusal is a 400.

    A new rule is enabled and the weightiest of its owner's. A changed one stays where it is, and switched off if it
    was. ``before`` and ``after`` name another rule of the owner's to stand next to; ``before`` wins.
    """
    known = _known(kind)
    if known is None:
        return invalid_param(f"There are no push rules of the kind {kind}.", "kind")
    rule = read_rule(known, rule_id, body)
    if isinstance(rule, Refusal):
        return rule
    own = [other for other in rules_of(ruleset, known) if not other.default]
    placed = _placed(own, rule, before, after)
    if isinstance(placed, list) and len(placed) > MOST_RULES:
        return invalid_param(f"There can be at most {MOST_RULES} rules of one kind.")
    if isinstance(placed, Refusal):
        return placed
    changed = with_own(ruleset, known, placed)
    if sum(_looks(own) for kind in RULE_KINDS for own in rules_of(changed, kind) if not own.default) > MOST_LOOKS:
        return invalid_param(f"There can be at most {MOST_LOOKS} patterns and conditions about contents.")
    return changed


def remove_rule(ruleset: Ruleset, kind: str, rule_id: str) -> Ruleset | Refusal:
    """Remove one of the owner's rules; 404 if there is none, 400 for default rules: they can only be switched off."""
    if rule_id.startswith("."):
        return invalid_param("Default rules can be switched off, not removed.", "ruleId")
    found = _located(ruleset, kind, rule_id)
    if isinstance(found, Refusal):
        return found
    known, rule = found
    own = [other for other in rules_of(ruleset, known) if not other.default and other is not rule]
    return with_own(ruleset, known, own)


def set_enabled(ruleset: Ruleset, kind: str, rule_id: str, enabled: bool) -> Ruleset | Refusal:
    """Switch a rule, a default one too, on or off; 404 if there is none."""
    return _changed(ruleset, kind, rule_id, enabled=enabled)


def set_actions(ruleset: Ruleset, kind: str, rule_id: str, actions: Any) -> Ruleset | Refusal:
    """Give a rule, a default one too, other actions; 404 if there is none, 400 for what is not a list of actions."""
    read = read_actions(actions)
    return read if isinstance(read, Refusal) else _changed(ruleset, kind, rule_id, actions=read)


def repeated_for(ruleset: Ruleset, old: RoomId, new: RoomId) -> Ruleset:
    """Let the owner's rules about one room hold for another too: those that bear the room's id, as clients make them.

    Each stands behind the one it repeats; where there is a rule of that name already, it stays as it is.
    """
    for kind in _ABOUT_ROOMS:
        own = [rule for rule in rules_of(ruleset, kind) if not rule.default]
        is_known = any(rule.rule_id == new for rule in own)
        places = [place for place, rule in enumerate(own) if rule.rule_id == old]
        if places and not is_known and len(own) < MOST_RULES:
            own.insert(places[0] + 1, _about(own[places[0]], old, new))
            ruleset = with_own(ruleset, kind, own)
    return ruleset


def _about(rule: PushRule, old: RoomId, new: RoomId) -> PushRule:
    """Return a rule with another room in the place of the one it is about."""
    conditions = rule.conditions
    if conditions is not msgspec.UNSET:
        conditions = tuple({name: new if value == old else value for name, value in one.items()} for one in conditions)
    return msgspec.structs.replace(rule, rule_id=new, conditions=conditions)


def _looks(rule: PushRule) -> int:
    """Return how often a rule looks into an event's content."""
    if rule.conditions is msgspec.UNSET:
        return int(rule.pattern is not msgspec.UNSET)
    keys = (one.get("key") for one in rule.conditions)
    named = len([one for one in rule.conditions if one.get("kind") == "contains_display_name"])
    return named + len([key for key in keys if isinstance(key, str) and key.startswith("content")])


def _located(ruleset: Ruleset, kind: str, rule_id: str) -> tuple[RuleKind, PushRule] | Refusal:
    known = _known(kind)
    rules = rules_of(ruleset, known) if known else ()
    found = next((rule for rule in rules if rule.rule_id == rule_id), None)
    if known is None or found is None:
        return not_found("The push rule was not found.")
    return known, found


def _known(kind: str) -> RuleKind | None:
    return next((known for known in RULE_KINDS if known == kind), None)


def _placed(own: list[PushRule], rule: PushRule, before: str | None, after: str | None) -> list[PushRule] | Refusal:
    ids = [other.rule_id for other in own]
    old = ids.index(rule.rule_id) if rule.rule_id in ids else None
    others = own if old is None else own[:old] + own[old + 1 :]
    if old is not None:
        rule = msgspec.structs.replace(rule, enabled=own[old].enabled)
    place = _place_beside([other.rule_id for other in others], old or 0, before, after)
    return place if isinstance(place, Refusal) else [*others[:place], rule, *others[place:]]


def _place_beside(ids: list[str], otherwise: int, before: str | None, after: str | None) -> int | Refusal:
    """Default rules are not among ``ids``: nothing can be placed relative to them."""
    for name in (before, after):
        if name is not None and name not in ids:
            return Refusal("M_UNKNOWN", 400, f"before/after rule not found: {name}", "before" if before else "after")
    if before is not None:
        return ids.index(before)
    return otherwise if after is None else ids.index(after) + 1


def _changed(ruleset: Ruleset, kind: str, rule_id: str, **change: Any) -> Ruleset | Refusal:
    found = _located(ruleset, kind, rule_id)
    if isinstance(found, Refusal):
        return found
    known, old = found
    new = msgspec.structs.replace(old, **change)
    rules = tuple(new if rule is old else rule for rule in rules_of(ruleset, known))
    return msgspec.structs.replace(ruleset, **{known: rules})
