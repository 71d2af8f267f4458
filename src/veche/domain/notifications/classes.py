"""How a member's unread counts are kept in one room: from the running totals, or by evaluating each event.

Every class but "own rules" is a proof that the totals and the member's own rows give what their rules would.
"""

from typing import Final

import msgspec

from veche.domain.ids import RoomId, UserId
from veche.domain.notifications.defaults import default_ruleset
from veche.domain.notifications.evaluation import in_order, verdict_of
from veche.domain.notifications.patterns import matches_whole
from veche.domain.notifications.records import Condition, MemberClass, PushRule, RuleKind, Ruleset, Totals


def member_class(ruleset: Ruleset, room_id: RoomId, ignores: bool) -> MemberClass:
    """Return the class of a member whose rules these are; ``ignores`` says whether they ignore anybody.

    *muted*: no rule that can match in this room notifies. *all*: in this room the rules are the default ones.
    *mentions*: the default override and content rules, and nothing after them that notifies. Whatever is not
    provably one of these is *own rules*.
    """
    lines = _lines(ruleset, room_id)
    if not any(line.notify for line in lines):
        return "muted"
    if ignores:
        return "own rules"
    if lines == _DEFAULT_LINES:
        return "all"
    if lines[: len(_MENTION_LINES)] == _MENTION_LINES and not any(line.notify for line in lines[len(_MENTION_LINES) :]):
        return "mentions"
    return "own rules"


def counted(kind: MemberClass, total: Totals, own: Totals) -> Totals | None:
    """Return a member's counts from what the room and their own rows came to; None for "own rules".

    With *mentions* only the override and content rules speak, and there whatever notifies also highlights
    (invitations aside, which never count for a member).
    """
    match kind:
        case "all":
            return Totals(total.notify + own.notify, total.highlight + own.highlight)
        case "mentions":
            highlights = total.highlight + own.highlight
            return Totals(highlights, highlights)
        case "muted":
            return Totals()
    return None


class _Line(msgspec.Struct, frozen=True):
    """A rule that can match in the room, and its effect on the counts. Default rules are known by their ids."""

    rule_id: str
    notify: bool
    highlight: bool


def _lines(ruleset: Ruleset, room_id: RoomId) -> list[_Line]:
    """Return the rules that can match in this room, up to the first that always does."""
    lines = []
    for kind, rule in in_order(ruleset):
        matches = _can_match(kind, rule, room_id) if rule.enabled else False
        if matches is not False:
            verdict = verdict_of(rule.actions)
            lines.append(_Line(rule.rule_id, verdict.notify, verdict.highlight))
        if matches is True:
            break
    return lines


def _can_match(kind: RuleKind, rule: PushRule, room_id: RoomId) -> bool | None:
    """Return True for every event of the room, False for none, None where it depends on the event."""
    match kind:
        case "room":
            return rule.rule_id == room_id
        case "content" | "sender":
            return None
    answers = [_holds_here(condition, room_id) for condition in rule.conditions or ()]
    if False in answers:
        return False
    return None if None in answers else True


def _holds_here(condition: Condition, room_id: RoomId) -> bool | None:
    match condition:
        case {"kind": "event_match", "key": "room_id", "pattern": str(pattern)}:
            return matches_whole(pattern, room_id)
        case {"kind": "event_property_is", "key": "room_id", "value": value}:
            return bool(value == room_id)
    return None


_DEFAULTS: Final = default_ruleset(UserId("@:"))
_DEFAULT_LINES: Final = _lines(_DEFAULTS, RoomId("!"))
_MENTION_LINES: Final = _lines(msgspec.structs.replace(_DEFAULTS, underride=()), RoomId("!"))
