"""The default rules, once per event: what it adds to a room's running totals, and the own rows of those it names.

Must agree with ``evaluation.py`` for the default rules; the order of the questions below is theirs.
"""

from typing import Any, Final

from veche.domain.events import ENCRYPTED, MEMBER, MESSAGE, REACTION, TOMBSTONE
from veche.domain.ids import UserId, localpart_of
from veche.domain.notifications.conditions import may_notify
from veche.domain.notifications.evaluation import MENTIONS
from veche.domain.notifications.names import contains_name
from veche.domain.notifications.patterns import fold, matches_words
from veche.domain.notifications.records import EventFacts, MemberFacts, RoomFacts, Totals

_NOTHING: Final = Totals(0, 0)
_ONCE: Final = Totals(1, 0)
_LOUD: Final = Totals(1, 1)
_COUNTED: Final = frozenset({MESSAGE, ENCRYPTED, "m.call.invite"})


def evaluate_defaults(event: EventFacts, room: RoomFacts) -> Totals:
    """Return what an event is worth, by the default rules, to every member whom it does not name.

    The sender is no exception: sending moves their own read mark past the event.
    """
    kind = fold(event.type)
    if _is_hushed(event, kind):
        return _NOTHING
    if _mentions_room(event, room) or (kind == TOMBSTONE and event.state_key == ""):
        return _LOUD
    if _is_minor(event, kind):
        return _NOTHING
    return _ONCE if kind in _COUNTED else _NOTHING


def named_in(event: EventFacts) -> frozenset[UserId] | None:
    """Return the people ``m.mentions`` names; None where it is absent and the words of the body decide.

    They need not be members. An invitation names nobody here, although it notifies the invited: their own join
    moves their read mark past it, so it never counts.
    """
    if _is_hushed(event, fold(event.type)):
        return frozenset()
    if MENTIONS in event.content:
        return frozenset(UserId(user) for user in _mentioned(event) if isinstance(user, str) and user != event.sender)
    return None if isinstance(event.content.get("body"), str) else frozenset()


def own_row(event: EventFacts, base: Totals, member: MemberFacts) -> Totals | None:
    """Return what a member is due on top of ``base`` because the event names them; None if that is nothing.

    ``base`` is what ``evaluate_defaults`` gave for the event.
    """
    if member.user == event.sender or not _names(event, member):
        return None
    extra = Totals(1 - base.notify, 1 - base.highlight)
    return None if extra == _NOTHING else extra


def _names(event: EventFacts, member: MemberFacts) -> bool:
    kind = fold(event.type)
    if _is_hushed(event, kind):
        return False
    if MENTIONS in event.content:
        return member.user in _mentioned(event)
    body = event.content.get("body")
    if not isinstance(body, str):
        return False
    if contains_name(body, member.display_name):
        return True
    return not _is_minor(event, kind) and matches_words(localpart_of(member.user), body)


def _is_hushed(event: EventFacts, kind: str) -> bool:
    """Say whether suppress_notices or member_event stand before every mention."""
    notice = event.content.get("msgtype")
    return kind == MEMBER or (isinstance(notice, str) and fold(notice) == "m.notice")


def _is_minor(event: EventFacts, kind: str) -> bool:
    """Say whether reaction, room.server_acl or suppress_edits end the search before the content rules."""
    if kind == REACTION or (kind == "m.room.server_acl" and event.state_key == ""):
        return True
    relation = event.content.get("m.relates_to")
    return isinstance(relation, dict) and relation.get("rel_type") == "m.replace"


def _mentions_room(event: EventFacts, room: RoomFacts) -> bool:
    if MENTIONS in event.content:
        mentions = event.content[MENTIONS]
        return isinstance(mentions, dict) and mentions.get("room") is True and may_notify(room, "room")
    body = event.content.get("body")
    return isinstance(body, str) and matches_words("@room", body) and may_notify(room, "room")


def _mentioned(event: EventFacts) -> list[Any]:
    mentions = event.content[MENTIONS]
    users = mentions.get("user_ids") if isinstance(mentions, dict) else None
    return users if isinstance(users, list) else []
