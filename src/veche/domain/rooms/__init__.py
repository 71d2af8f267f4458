"""What room versions 10, 11 and 12 do differently, and what a new room starts with.

Who may act in a room is in ``permissions``; no identifier is drawn and no event is appended here.
"""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from veche.domain.events import (
    AVATAR,
    CANONICAL_ALIAS,
    CREATE,
    ENCRYPTION,
    GUEST_ACCESS,
    HISTORY_VISIBILITY,
    JOIN_RULES,
    NAME,
    POWER_LEVELS,
    TOMBSTONE,
    TOPIC,
    Content,
    Draft,
    RoomState,
)
from veche.domain.ids import EventId, RoomId, UserId, is_user_id
from veche.domain.refusals import Refusal, invalid_param

DEFAULT_ROOM_VERSION: Final = "11"
RECOMMENDED_STRIPPED_STATE: Final = (CREATE, NAME, AVATAR, TOPIC, JOIN_RULES, CANONICAL_ALIAS, ENCRYPTION)

_CREATORS_LEVEL = 100
_TOMBSTONE_LEVEL_OF_CREATORS = 150


class RoomVersion(Struct, frozen=True):
    """A room version by its differences; in all of them power levels are strict integers."""

    id: str
    creator_in_content: bool  # the create event repeats its sender in content.creator
    redacts_in_content: bool  # a redaction names its target inside its content
    redaction_algorithm: int  # the room version that introduced the algorithm: 9 or 11
    creators_have_infinite_power: bool  # and content.additional_creators counts
    room_id_names_server: bool  # if not, the room id is the create event's id with another sigil


class Preset(Struct, frozen=True):
    """What a preset of ``createRoom`` gives a new room."""

    name: str
    join_rule: str
    history_visibility: str
    guest_access: str
    invite_level: int
    invitees_share_power: bool  # all who are invited at once stand as high as the creator


_VERSIONS = {
    version.id: version
    for version in (
        RoomVersion("10", True, False, 9, False, True),
        RoomVersion("11", False, True, 11, False, True),
        RoomVersion("12", False, True, 11, True, False),
    )
}
ROOM_VERSIONS: Final = tuple(_VERSIONS)

_PRESETS = {
    preset.name: preset
    for preset in (
        Preset("private_chat", "invite", "shared", "can_join", 0, False),
        Preset("trusted_private_chat", "invite", "shared", "can_join", 0, True),
        Preset("public_chat", "public", "shared", "forbidden", 50, False),
    )
}


def room_version(id: str) -> RoomVersion | None:
    """Return the room version called ``id``, or None if this server cannot make such rooms."""
    return _VERSIONS.get(id)


def version_of(state: RoomState) -> RoomVersion:
    """Return the version of a room; the default where its create event does not say, being redacted or not there."""
    create = state.get(CREATE)
    named = "" if create is None else create.content.get("room_version", "")
    return _VERSIONS.get(named, _VERSIONS[DEFAULT_ROOM_VERSION])


def creators(state: RoomState) -> frozenset[UserId]:
    """Return the creator of a room and, where the room version knows them, the additional creators."""
    create = state.get(CREATE)
    if create is None:
        return frozenset()
    if not version_of(state).creators_have_infinite_power:
        return frozenset((create.sender,))
    return frozenset((create.sender, *create.content.get("additional_creators", ())))


def room_id_of(create: EventId) -> RoomId:
    """Return the room id that the create event's id implies (room version 12)."""
    return RoomId("!" + create[1:])


def preset(name: str) -> Preset | None:
    """Return the preset of ``createRoom`` with this name, or None."""
    return _PRESETS.get(name)


def preset_for(visibility: str) -> Preset:
    """Return the preset that ``createRoom`` takes if it names none: by the visibility in the directory."""
    return _PRESETS["public_chat" if visibility == "public" else "private_chat"]


def preset_state(preset: Preset) -> tuple[Draft, ...]:
    """Return the state that a preset sets, in the order of the specification."""
    return (
        Draft(JOIN_RULES, {"join_rule": preset.join_rule}, ""),
        Draft(HISTORY_VISIBILITY, {"history_visibility": preset.history_visibility}, ""),
        Draft(GUEST_ACCESS, {"guest_access": preset.guest_access}, ""),
    )


def create_content(
    version: RoomVersion, preset: Preset, creator: UserId, wished: Content, invited: Sequence[UserId]
) -> Content:
    """Return the content of the create event.

    ``wished`` is the request's ``creation_content``; ask ``may_create`` about it first. Invited people become
    creators where the preset shares power and the room version knows additional creators.
    """
    content = {key: value for key, value in wished.items() if key != "creator"}
    content["room_version"] = version.id
    if version.creator_in_content:
        content["creator"] = creator
    if version.creators_have_infinite_power and preset.invitees_share_power:
        others = dict.fromkeys((*content.get("additional_creators", ()), *invited))
        others.pop(creator, None)
        content["additional_creators"] = list(others)
    return content


def may_create(version: RoomVersion, wished: Content) -> Refusal | None:
    """Say why a room cannot be created with this ``creation_content`` (room version 12, rule 1.4)."""
    if not version.creators_have_infinite_power or "additional_creators" not in wished:
        return None
    named = wished["additional_creators"]
    if type(named) is list and all(_is_user(one) for one in named):
        return None
    return invalid_param("additional_creators must be an array of user ids", "creation_content.additional_creators")


def initial_power_levels(version: RoomVersion, preset: Preset, creator: UserId, invited: Sequence[UserId]) -> Content:
    """Return the power levels of a new room, before ``power_level_content_override`` is laid over them."""
    content: Content = {
        "ban": 50,
        "events": _initial_event_levels(version),
        "events_default": 0,
        "invite": preset.invite_level,
        "kick": 50,
        "redact": 50,
        "state_default": 50,
        "users": {},
        "users_default": 0,
    }
    if not version.creators_have_infinite_power:
        people = (creator, *(invited if preset.invitees_share_power else ()))
        content["users"] = dict.fromkeys(people, _CREATORS_LEVEL)
    return content


def _initial_event_levels(version: RoomVersion) -> dict[str, int]:
    # With infinite power, only a level above everybody else's keeps the closing of a room to its creators.
    closing = _TOMBSTONE_LEVEL_OF_CREATORS if version.creators_have_infinite_power else _CREATORS_LEVEL
    return {
        AVATAR: 50,
        CANONICAL_ALIAS: 50,
        ENCRYPTION: 100,
        HISTORY_VISIBILITY: 100,
        NAME: 50,
        POWER_LEVELS: 100,
        "m.room.server_acl": 100,
        TOMBSTONE: closing,
    }


def _is_user(value: Any) -> bool:
    return type(value) is str and is_user_id(value)
