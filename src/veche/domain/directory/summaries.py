"""What somebody outside a room is shown of it, and who may be shown it at all.

One record for public rooms, room summaries and spaces. Nothing is read here.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

from veche.domain.accounts.transliteration import transliterated
from veche.domain.events import (
    AVATAR,
    CANONICAL_ALIAS,
    CREATE,
    ENCRYPTION,
    GUEST_ACCESS,
    HISTORY_VISIBILITY,
    JOIN_RULES,
    NAME,
    TOPIC,
    Content,
)
from veche.domain.ids import Alias, RoomId, is_alias
from veche.domain.membership import admitting_rooms, join_rule_in
from veche.domain.rooms.topics import plain_topic

Face = Mapping[str, Content]
"""The contents of a room's state events with an empty key, by type."""

PUBLISHED: Final = (CREATE, JOIN_RULES, HISTORY_VISIBILITY, GUEST_ACCESS, NAME, TOPIC, CANONICAL_ALIAS, AVATAR)
SUMMARIZED: Final = (*PUBLISHED, ENCRYPTION)
OPENNESS: Final = (JOIN_RULES, HISTORY_VISIBILITY)
"""The types that ``may_preview`` looks at."""
SEARCHED: Final = (NAME, TOPIC, CANONICAL_ALIAS)
"""The types that ``mentions`` looks at."""
LONGEST_COMPARED: Final = 1_000
"""Characters: as much of a text as a list of rooms shows, and all that a search compares."""

_FOR_ALL = ("public", "knock", "knock_restricted")
_INSIDE = ("join", "invite", "knock")


class RoomSummary(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is told of a room (definitions ``public_rooms_chunk`` and ``room_summary``).

    ``membership`` is the asker's own; ``children_state`` holds a space's children as stripped events. Both are left
    out where they are not asked for.
    """

    room_id: RoomId
    num_joined_members: int
    world_readable: bool
    guest_can_join: bool
    join_rule: str
    name: str | None = None
    topic: str | None = None
    canonical_alias: Alias | None = None
    avatar_url: str | None = None
    room_type: str | None = None
    allowed_room_ids: tuple[RoomId, ...] = ()
    encryption: str | None = None
    room_version: str | None = None
    membership: str | msgspec.UnsetType = msgspec.UNSET
    children_state: tuple[msgspec.Raw, ...] | msgspec.UnsetType = msgspec.UNSET


def summary_of(room: RoomId, face: Face, joined: int, version: str) -> RoomSummary:
    """Return what is told of a room with so many members; what has the wrong shape is left out."""
    rules = face.get(JOIN_RULES)
    return RoomSummary(
        room_id=room,
        num_joined_members=joined,
        world_readable=_is(face, HISTORY_VISIBILITY, "history_visibility", "world_readable"),
        guest_can_join=_is(face, GUEST_ACCESS, "guest_access", "can_join"),
        join_rule=join_rule_in(rules),
        name=_text(face, NAME, "name"),
        topic=plain_topic(face.get(TOPIC, {})),
        canonical_alias=_alias(face),
        avatar_url=_file(face),
        room_type=type_of(face),
        allowed_room_ids=admitting_rooms(rules),
        encryption=_text(face, ENCRYPTION, "algorithm"),
        room_version=version,
    )


def published(summary: RoomSummary) -> RoomSummary:
    """Return the part of a summary that the list of public rooms shows, to people who are in none of its spaces."""
    return msgspec.structs.replace(summary, allowed_room_ids=(), encryption=None, room_version=None)


def type_of(face: Face) -> str | None:
    """Return a room's type, which its create event names."""
    return _text(face, CREATE, "type")


def may_preview(face: Face, membership: str | None, own_rooms: Collection[RoomId]) -> bool:
    """Say whether somebody may be shown a room's summary (``GET /hierarchy``, ``GET /room_summary``).

    ``membership`` is how they stand to it, ``own_rooms`` are those they are joined to. Whatever is shown to people
    whom nobody knows is not hidden from one who was banned: they would only have to ask under another name.
    """
    rules = face.get(JOIN_RULES)
    if membership in _INSIDE or join_rule_in(rules) in _FOR_ALL:
        return True
    if _is(face, HISTORY_VISIBILITY, "history_visibility", "world_readable"):
        return True
    return membership != "ban" and any(room in own_rooms for room in admitting_rooms(rules))


def is_open(face: Face) -> bool:
    """Say whether everybody may join a room or read it: whoever is in such a room can be met by all."""
    return join_rule_in(face.get(JOIN_RULES)) == "public" or _is(
        face, HISTORY_VISIBILITY, "history_visibility", "world_readable"
    )


def mentions(face: Face, term: str) -> bool:
    """Say whether name, topic or main alias of a room hold ``term``, which is transliterated already.

    Of a long text the beginning counts.
    """
    texts = (_text(face, NAME, "name"), plain_topic(face.get(TOPIC, {})), _alias(face))
    return any(term in transliterated(text[:LONGEST_COMPARED]) for text in texts if text)


def _is(face: Face, kind: str, key: str, value: str) -> bool:
    return bool(face.get(kind, {}).get(key) == value)


def _text(face: Face, kind: str, key: str) -> str | None:
    value = face.get(kind, {}).get(key)
    return value if _is_text(value) else None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _alias(face: Face) -> Alias | None:
    alias = _text(face, CANONICAL_ALIAS, "alias")
    return Alias(alias) if alias is not None and is_alias(alias) else None


def _file(face: Face) -> str | None:
    url = _text(face, AVATAR, "url")
    return url if url is not None and url.startswith("mxc://") else None
