"""What push rules speak about: rules as they travel, the facts they are asked about, and their answers.

No rule is decided here.
"""

from typing import Any, Final, Literal

import msgspec

from veche.domain.events import Content
from veche.domain.ids import RoomId, UserId

RuleKind = Literal["override", "content", "room", "sender", "underride"]
MemberClass = Literal["all", "mentions", "muted", "own rules"]
Condition = dict[str, Any]
Action = str | dict[str, Any]

RULE_KINDS: Final[tuple[RuleKind, ...]] = ("override", "content", "room", "sender", "underride")  # in order of weight


class PushRule(msgspec.Struct, frozen=True):
    """One rule as ``GET /pushrules/`` shows it; override and underride have ``conditions``, content a ``pattern``."""

    rule_id: str
    actions: tuple[Action, ...]
    default: bool = False
    enabled: bool = True
    conditions: tuple[Condition, ...] | msgspec.UnsetType = msgspec.UNSET
    pattern: str | msgspec.UnsetType = msgspec.UNSET


class Ruleset(msgspec.Struct, frozen=True):
    """All rules of one person, the weightiest first within each kind (the ``global`` scope of the wire)."""

    override: tuple[PushRule, ...] = ()
    content: tuple[PushRule, ...] = ()
    room: tuple[PushRule, ...] = ()
    sender: tuple[PushRule, ...] = ()
    underride: tuple[PushRule, ...] = ()


class EventFacts(msgspec.Struct, frozen=True):
    """What a rule may ask of an event; ``state_key`` is None for what is not state."""

    type: str
    content: Content
    sender: UserId
    room_id: RoomId
    state_key: str | None = None


class RoomFacts(msgspec.Struct, frozen=True):
    """The room when the event was sent: joined members, the sender's power, ``notifications`` of the power levels."""

    member_count: int
    sender_power: int
    notifications: dict[str, Any] = {}


class MemberFacts(msgspec.Struct, frozen=True):
    """Whom the event may notify, and the display name they bear in the room."""

    user: UserId
    display_name: str | None = None


class Verdict(msgspec.Struct, frozen=True):
    """What a person's rules make of one event; where ``notify`` is false nothing else is set.

    ``tweaks`` is the dictionary for a push gateway (``sound``, ``highlight``, unknown ones passed through),
    ``actions`` what ``GET /notifications`` shows.
    """

    notify: bool = False
    highlight: bool = False
    tweaks: dict[str, Any] = {}
    actions: tuple[Action, ...] = ()


class Totals(msgspec.Struct, frozen=True):
    """How often to notify and to highlight: 0 or 1 for one event, a sum for a stretch of a room."""

    notify: int = 0
    highlight: int = 0


def rules_of(ruleset: Ruleset, kind: RuleKind) -> tuple[PushRule, ...]:
    """Return the rules of one kind, the weightiest first."""
    rules: tuple[PushRule, ...] = getattr(ruleset, kind)
    return rules
