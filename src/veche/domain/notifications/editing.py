"""Changing a ruleset: adding, removing, switching, new actions (client-server API, section Push Rules: API).

Each function returns the new ruleset or why there is none; nothing is stored here.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from veche.domain.notifications.bodies import read_actions, read_rule
from veche.domain.notifications.defaults import with_own
from veche.domain.notifications.records import RULE_KINDS, PushRule, RuleKind, Ruleset, rules_of
from veche.domain.refusals import Refusal, invalid_param, not_found

MOST_RULES: Final = 1000  # of one person's own, per kind


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
    return placed if isinstance(placed, Refusal) else with_own(ruleset, known, placed)


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
