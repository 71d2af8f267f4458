"""What goes with somebody into the room that replaces another: tags, push rules, the mark of a direct conversation.

Part of the transaction in which they join it (section Room Upgrades, server behaviour).
"""

from typing import Any

from veche.base import json
from veche.domain.events import RoomState
from veche.domain.facts import Fact
from veche.domain.ids import RoomId, UserId
from veche.domain.notifications import changes_of, repeated_for, ruleset_from
from veche.domain.rooms.upgrades import predecessor_of, replacement_of
from veche.storage import account_data, notifications, rooms
from veche.storage.account_data import GLOBAL
from veche.storage.writer import Transaction

_TAGS = "m.tag"
_DIRECT = "m.direct"


def follow_predecessor(tx: Transaction, state: RoomState, user: UserId) -> None:
    """Carry somebody's settings over where they come from the room that this one replaces, by that room's own word."""
    old = predecessor_of(state)
    if old is not None and replacement_of(rooms.current_state(tx, old)) == state.room_id:
        carry_settings(tx, user, old, state.room_id)


def carry_settings(tx: Transaction, user: UserId, old: RoomId, new: RoomId) -> None:
    """Give somebody in the new room what they had set for the old one; what they set for the new one stays."""
    membership = rooms.membership(tx, old, user)
    if membership is None or membership.is_forgotten:
        return
    _carry_tags(tx, user, old, new)
    _carry_direct(tx, user, old, new)
    _carry_rules(tx, user, old, new)


def _carry_tags(tx: Transaction, user: UserId, old: RoomId, new: RoomId) -> None:
    tags = account_data.find_json(tx, user, old, _TAGS)
    if tags is not None and account_data.find_json(tx, user, new, _TAGS) is None:
        _put(tx, user, new, _TAGS, tags)


def _carry_direct(tx: Transaction, user: UserId, old: RoomId, new: RoomId) -> None:
    """The old room stays among the direct ones: its history is still a conversation with that person."""
    content: dict[str, Any] = account_data.find(tx, user, GLOBAL, _DIRECT) or {}
    added = {
        person: [*some, new]
        for person, some in content.items()
        if isinstance(some, list) and old in some and new not in some
    }
    if added:
        _put(tx, user, GLOBAL, _DIRECT, json.encode({**content, **added}))


def _carry_rules(tx: Transaction, user: UserId, old: RoomId, new: RoomId) -> None:
    before, _ = notifications.find_changes(tx, user)
    after = changes_of(repeated_for(ruleset_from(user, before), old, new))
    if after != before:
        notifications.put_changes(tx, user, after, tx.record(Fact("push_rules", user=user)))


def _put(tx: Transaction, user: UserId, room: RoomId, kind: str, content: bytes) -> None:
    position = tx.record(Fact("account_data", room=room or None, user=user, body=(kind, content)))
    account_data.put(tx, user, room, kind, content, position)
