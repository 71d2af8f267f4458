"""The stored form of a ruleset: only what differs from the default rules, so that better defaults reach everybody.

How the form is encoded and where it is kept is not known here.
"""

import msgspec

from veche.domain.ids import UserId
from veche.domain.notifications.defaults import default_ruleset, with_own
from veche.domain.notifications.evaluation import in_order
from veche.domain.notifications.records import RULE_KINDS, Action, PushRule, Ruleset, rules_of


class Alteration(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody changed in a default rule; what is unset follows the default."""

    enabled: bool | msgspec.UnsetType = msgspec.UNSET
    actions: tuple[Action, ...] | msgspec.UnsetType = msgspec.UNSET


class Changes(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person's own rules in their order, and the default rules they altered, by rule id."""

    own: Ruleset = Ruleset()
    altered: dict[str, Alteration] = {}


def changes_of(ruleset: Ruleset) -> Changes:
    """Return what has to be stored of a ruleset; ``Changes()`` if it is the default one."""
    own = {kind: tuple(rule for rule in rules_of(ruleset, kind) if not rule.default) for kind in RULE_KINDS}
    defaults = _defaults()
    altered = {
        rule.rule_id: _alteration(rule, defaults[rule.rule_id])
        for _, rule in in_order(ruleset)
        if rule.default and _alteration(rule, defaults[rule.rule_id]) != Alteration()
    }
    return Changes(Ruleset(**own), altered)


def ruleset_from(user: UserId, changes: Changes) -> Ruleset:
    """Return the ruleset of a person with these changes; alterations of rules that are gone have no effect."""
    ruleset = default_ruleset(user)
    for kind in RULE_KINDS:
        rules = tuple(_altered(rule, changes.altered.get(rule.rule_id)) for rule in rules_of(ruleset, kind))
        ruleset = msgspec.structs.replace(ruleset, **{kind: rules})
        ruleset = with_own(ruleset, kind, rules_of(changes.own, kind))
    return ruleset


def _defaults() -> dict[str, PushRule]:
    """Whose default rules these are makes no difference to what one can alter in them."""
    return {rule.rule_id: rule for _, rule in in_order(default_ruleset(UserId("@:")))}


def _alteration(rule: PushRule, default: PushRule) -> Alteration:
    return Alteration(
        msgspec.UNSET if rule.enabled == default.enabled else rule.enabled,
        msgspec.UNSET if rule.actions == default.actions else rule.actions,
    )


def _altered(rule: PushRule, alteration: Alteration | None) -> PushRule:
    if alteration is None:
        return rule
    enabled = rule.enabled if alteration.enabled is msgspec.UNSET else alteration.enabled
    actions = rule.actions if alteration.actions is msgspec.UNSET else alteration.actions
    return msgspec.structs.replace(rule, enabled=enabled, actions=actions)
