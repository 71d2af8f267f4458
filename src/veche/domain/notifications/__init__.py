"""Push rules: the default set, complete evaluation, and the short ways that keep unread counts cheap.

These are the public names; nothing else is meant for other packages. Everything is pure.
"""

from veche.domain.notifications.changes import Alteration, Changes, changes_of, ruleset_from
from veche.domain.notifications.classes import counted, member_class
from veche.domain.notifications.conditions import fits_size
from veche.domain.notifications.defaults import default_ruleset
from veche.domain.notifications.editing import add_rule, find_rule, remove_rule, repeated_for, set_actions, set_enabled
from veche.domain.notifications.evaluation import evaluate, in_order
from veche.domain.notifications.names import candidate_words, contains_name, name_keys
from veche.domain.notifications.records import (
    EventFacts,
    MemberClass,
    MemberFacts,
    PushRule,
    RoomFacts,
    RuleKind,
    Ruleset,
    Totals,
    Verdict,
)
from veche.domain.notifications.totals import evaluate_defaults, named_in, own_row

__all__ = [
    "Alteration",
    "Changes",
    "EventFacts",
    "MemberClass",
    "MemberFacts",
    "PushRule",
    "RoomFacts",
    "RuleKind",
    "Ruleset",
    "Totals",
    "Verdict",
    "add_rule",
    "candidate_words",
    "changes_of",
    "contains_name",
    "counted",
    "default_ruleset",
    "evaluate",
    "evaluate_defaults",
    "find_rule",
    "fits_size",
    "in_order",
    "member_class",
    "name_keys",
    "named_in",
    "own_row",
    "remove_rule",
    "repeated_for",
    "ruleset_from",
    "set_actions",
    "set_enabled",
]
