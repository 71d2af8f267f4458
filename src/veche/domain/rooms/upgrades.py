"""Upgrading a room: what its replacement begins with, and what is left to do in the old one (section Room Upgrades).

Who may upgrade a room is asked in ``permissions``; nothing is appended here.
"""

from collections.abc import Collection, Iterable

from veche.domain.events import (
    AVATAR,
    CREATE,
    ENCRYPTION,
    GUEST_ACCESS,
    HISTORY_VISIBILITY,
    JOIN_RULES,
    NAME,
    POWER_LEVELS,
    SPACE,
    TOMBSTONE,
    TOPIC,
    Content,
    Draft,
    RoomState,
)
from veche.domain.ids import EventId, RoomId, UserId
from veche.domain.rooms import RoomVersion, creators, version_of

_COPIED = ("m.room.server_acl", ENCRYPTION, NAME, AVATAR, TOPIC, GUEST_ACCESS, HISTORY_VISIBILITY)
_CREATORS_LEVEL = 100
_BAR = 50
_MAPS = ("users", "events", "notifications")


def first_content(
    version: RoomVersion, old: RoomState, creator: UserId, others: Iterable[UserId], last: EventId | None
) -> Content:
    """Return the content of the replacement's create event; ``last`` is the newest event of the old room.

    ``others`` become creators where the version knows such; those of the old room do not by themselves.
    """
    content: Content = {"room_version": version.id, "predecessor": {"room_id": old.room_id}}
    if last is not None:
        content["predecessor"]["event_id"] = last
    create = old.get(CREATE)
    for name in ("type", "m.federate"):
        if create is not None and name in create.content:
            content[name] = create.content[name]
    if version.creator_in_content:
        content["creator"] = creator
    named = [user for user in dict.fromkeys(others) if user != creator]
    if version.creators_have_infinite_power and named:
        content["additional_creators"] = named
    return content


def predecessor_of(state: RoomState) -> RoomId | None:
    """Return the room that this one says it replaces; anybody who founds a room may say so of any other."""
    create = state.get(CREATE)
    predecessor = None if create is None else create.content.get("predecessor")
    return _named(predecessor.get("room_id")) if isinstance(predecessor, dict) else None


def replacement_of(state: RoomState) -> RoomId | None:
    """Return the room that this one's tombstone leads to; only both together say that one replaced the other."""
    stone = state.get(TOMBSTONE)
    return None if stone is None else _named(stone.content.get("replacement_room"))


def is_space(state: RoomState) -> bool:
    """Say whether a room is a space, so that what it holds goes with it."""
    create = state.get(CREATE)
    return create is not None and create.content.get("type") == SPACE


def copied_state(old: RoomState) -> list[Draft]:
    """Return the state that goes over, but for join rules and power levels, which are set when all else is done."""
    found = [(kind, old.get(kind)) for kind in _COPIED]
    return [Draft(kind, event.content, "") for kind, event in found if event is not None]


def copied_join_rules(old: RoomState) -> Draft:
    """Return the join rules; a room without any is open to the invited only."""
    event = old.get(JOIN_RULES)
    return Draft(JOIN_RULES, {"join_rule": "invite"} if event is None else event.content, "")


def levels_while_copying(version: RoomVersion, old: RoomState, creator: UserId) -> Content:
    """Return power levels under which the creator can set whatever the old room has, and nobody else anything."""
    if version.creators_have_infinite_power:
        return {}
    return {"users": {creator: _highest(_levels(old))}}


def copied_levels(version: RoomVersion, old: RoomState, new_creators: Collection[UserId]) -> Content:
    """Return the power levels that the replacement keeps.

    Creators with infinite power are not named in them. Going back to a version without such creators, those of the
    old room stand as high as anybody can; a room without power levels leaves its upgrader in charge.
    """
    before = _levels(old)
    users = dict(before.get("users", {}))
    if version.creators_have_infinite_power:
        users = {user: level for user, level in users.items() if user not in new_creators}
    elif version_of(old).creators_have_infinite_power:
        users.update(dict.fromkeys(sorted(creators(old)), _highest(before)))
    elif old.get(POWER_LEVELS) is None:
        users = dict.fromkeys(sorted(new_creators), _CREATORS_LEVEL)
    return {**before, "users": users}


def tombstone(replacement: RoomId) -> Draft:
    """Return the event that says where the conversation goes on."""
    return Draft(TOMBSTONE, {"body": "This room has been replaced", "replacement_room": replacement}, "")


def levels_of_the_closed(old: RoomState) -> Draft:
    """Return power levels with which ordinary members of the old room neither write nor invite any more."""
    before = _levels(old)
    bar = max(_BAR, before.get("users_default", 0) + 1)
    raised = {name: max(bar, before.get(name, 0)) for name in ("events_default", "invite")}
    events = {kind: max(bar, level) for kind, level in before.get("events", {}).items()}
    return Draft(POWER_LEVELS, {**before, **raised, "events": events}, "")


def _named(room: object) -> RoomId | None:
    return RoomId(room) if isinstance(room, str) and "\x00" not in room else None


def _levels(state: RoomState) -> Content:
    event = state.get(POWER_LEVELS)
    return {} if event is None else event.content


def _highest(content: Content) -> int:
    plain: list[int] = [level for level in content.values() if type(level) is int]
    named: list[int] = [level for name in _MAPS for level in content.get(name, {}).values()]
    return max([_CREATORS_LEVEL, *plain, *named])
