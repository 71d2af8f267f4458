"""The rules everybody starts with (client-server API, section Predefined Rules), as data.

Three of them, ``LEGACY_MENTIONS``, left the specification with v1.17. They stay here because many clients and bots
still send no ``m.mentions``; they hold only for such events, and servers may have default rules of their own.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from veche.domain.ids import UserId, localpart_of
from veche.domain.notifications.records import Action, Condition, PushRule, RuleKind, Ruleset, rules_of

MASTER: Final = ".m.rule.master"
LEGACY_MENTIONS: Final = frozenset({".m.rule.contains_display_name", ".m.rule.roomnotif", ".m.rule.contains_user_name"})

_SILENT: Final[tuple[Action, ...]] = ()
_NOTIFY: Final[tuple[Action, ...]] = ("notify",)
_SOUND: Final[tuple[Action, ...]] = ("notify", {"set_tweak": "sound", "value": "default"})
_RING: Final[tuple[Action, ...]] = ("notify", {"set_tweak": "sound", "value": "ring"})
_HIGHLIGHT: Final[tuple[Action, ...]] = ("notify", {"set_tweak": "highlight"})
_CALL_OUT: Final[tuple[Action, ...]] = (*_SOUND, {"set_tweak": "highlight"})


def default_ruleset(user: UserId) -> Ruleset:
    """Return the rules of a person who never changed any."""
    return Ruleset(override=_override(user), content=(_contains_user_name(user),), underride=_UNDERRIDE)


def with_own(ruleset: Ruleset, kind: RuleKind, own: Iterable[PushRule]) -> Ruleset:
    """Put these in the place of the owner's rules of a kind: before the default rules, all but the master rule."""
    defaults = [rule for rule in rules_of(ruleset, kind) if rule.default]
    master = [rule for rule in defaults if rule.rule_id == MASTER]
    rules = (*master, *own, *defaults[len(master) :])
    return msgspec.structs.replace(ruleset, **{kind: rules})


def _override(user: UserId) -> tuple[PushRule, ...]:
    return (
        *_BEFORE_INVITES,
        _rule(
            ".m.rule.invite_for_me",
            _SOUND,
            _type("m.room.member"),
            _match("content.membership", "invite"),
            _match("state_key", user),
        ),
        _rule(".m.rule.member_event", _SILENT, _type("m.room.member")),
        _rule(
            ".m.rule.is_user_mention",
            _CALL_OUT,
            {"kind": "event_property_contains", "key": r"content.m\.mentions.user_ids", "value": user},
        ),
        *_AFTER_MENTIONS,
    )


def _contains_user_name(user: UserId) -> PushRule:
    return PushRule(".m.rule.contains_user_name", _CALL_OUT, default=True, pattern=localpart_of(user))


def _rule(rule_id: str, actions: tuple[Action, ...], *conditions: Condition, enabled: bool = True) -> PushRule:
    return PushRule(rule_id, actions, default=True, enabled=enabled, conditions=conditions)


def _match(key: str, pattern: str) -> Condition:
    return {"kind": "event_match", "key": key, "pattern": pattern}


def _type(name: str) -> Condition:
    return _match("type", name)


def _is(key: str, value: Any) -> Condition:
    return {"kind": "event_property_is", "key": key, "value": value}


_STATE: Final = _match("state_key", "")
_MAY_CALL_ROOM: Final[Condition] = {"kind": "sender_notification_permission", "key": "room"}
_ONE_TO_ONE: Final[Condition] = {"kind": "room_member_count", "is": "2"}

_BEFORE_INVITES: Final = (
    _rule(MASTER, _SILENT, enabled=False),
    _rule(".m.rule.suppress_notices", _SILENT, _match("content.msgtype", "m.notice")),
)

_AFTER_MENTIONS: Final = (
    _rule(".m.rule.contains_display_name", _CALL_OUT, {"kind": "contains_display_name"}),
    _rule(".m.rule.is_room_mention", _HIGHLIGHT, _is(r"content.m\.mentions.room", True), _MAY_CALL_ROOM),
    _rule(".m.rule.roomnotif", _HIGHLIGHT, _match("content.body", "@room"), _MAY_CALL_ROOM),
    _rule(".m.rule.tombstone", _HIGHLIGHT, _type("m.room.tombstone"), _STATE),
    _rule(".m.rule.reaction", _SILENT, _type("m.reaction")),
    _rule(".m.rule.room.server_acl", _SILENT, _type("m.room.server_acl"), _STATE),
    _rule(".m.rule.suppress_edits", _SILENT, _is(r"content.m\.relates_to.rel_type", "m.replace")),
)

_UNDERRIDE: Final = (
    _rule(".m.rule.call", _RING, _type("m.call.invite")),
    _rule(".m.rule.encrypted_room_one_to_one", _SOUND, _ONE_TO_ONE, _type("m.room.encrypted")),
    _rule(".m.rule.room_one_to_one", _SOUND, _ONE_TO_ONE, _type("m.room.message")),
    _rule(".m.rule.message", _NOTIFY, _type("m.room.message")),
    _rule(".m.rule.encrypted", _NOTIFY, _type("m.room.encrypted")),
)
