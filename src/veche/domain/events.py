"""Events as records: what a person proposes, what a rule sees of the state, what the log keeps.

No encoding and no permission lives here.
"""

from typing import Any, Protocol

import msgspec

from veche.domain.ids import EventId, Position, RoomId, UserId

CREATE = "m.room.create"
MEMBER = "m.room.member"
POWER_LEVELS = "m.room.power_levels"
JOIN_RULES = "m.room.join_rules"
HISTORY_VISIBILITY = "m.room.history_visibility"
GUEST_ACCESS = "m.room.guest_access"
ENCRYPTION = "m.room.encryption"
ENCRYPTED = "m.room.encrypted"
CANONICAL_ALIAS = "m.room.canonical_alias"
NAME = "m.room.name"
TOPIC = "m.room.topic"
AVATAR = "m.room.avatar"
TOMBSTONE = "m.room.tombstone"
REDACTION = "m.room.redaction"
THIRD_PARTY_INVITE = "m.room.third_party_invite"
MESSAGE = "m.room.message"
REACTION = "m.reaction"
SPACE_CHILD = "m.space.child"
SPACE = "m.space"
"""The type of a room that groups others, not of an event."""

Content = dict[str, Any]


class Draft(msgspec.Struct, frozen=True):
    """An event somebody proposes: ``state_key`` is None for a message, ``redacts`` names a redaction's target."""

    type: str
    content: Content
    state_key: str | None = None
    redacts: EventId | None = None


class StateEvent(msgspec.Struct, frozen=True):
    """One piece of a room's state as the rules see it."""

    type: str
    state_key: str
    sender: UserId
    content: Content
    event_id: EventId
    position: Position


class RoomState(Protocol):
    """A room's state at one moment, looked up piece by piece."""

    @property
    def room_id(self) -> RoomId: ...

    def get(self, kind: str, key: str = "") -> StateEvent | None:
        """Return the state event of this type and key, or None."""
