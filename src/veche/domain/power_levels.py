"""Power levels: who has how much, what needs how much, and how they may be changed.

Which deed needs which level is decided in ``membership`` and ``permissions``.
"""

from collections.abc import Iterator
from typing import Any, Final, Literal

from msgspec import Struct

from veche.base.json import LARGEST_INTEGER
from veche.domain.events import POWER_LEVELS, Content, RoomState
from veche.domain.ids import UserId, is_user_id
from veche.domain.refusals import Refusal, bad_json, forbidden
from veche.domain.rooms import creators, version_of

Action = Literal["ban", "invite", "kick", "redact"]

INFINITE: Final = LARGEST_INTEGER + 1  # above every level that can be written into an event

_CREATOR = 100  # of a room without power levels
_NOTIFICATION = 50
_LEVELS = ("users_default", "events_default", "state_default", "ban", "redact", "kick", "invite")
_MAPS = ("events", "notifications", "users")


class PowerLevels(Struct, frozen=True):
    """The levels of one room; good for as long as its create and power-levels events stay the same."""

    users: dict[str, int]
    events: dict[str, int]
    notifications: dict[str, int]
    users_default: int
    events_default: int
    state_default: int
    actions: dict[str, int]
    infinite: frozenset[UserId]

    def of(self, user: UserId) -> int:
        """Return the power level of a user; ``INFINITE`` for creators in room version 12."""
        if user in self.infinite:
            return INFINITE
        return self.users.get(user, self.users_default)

    def needed_for_event(self, kind: str, is_state: bool) -> int:
        """Return the level needed to send an event of this type."""
        return self.events.get(kind, self.state_default if is_state else self.events_default)

    def needed(self, action: Action) -> int:
        """Return the level needed to do this to somebody, or to somebody's event."""
        return self.actions[action]

    def who_may(self, action: Action) -> list[UserId]:
        """Return who was given the level to do this, the most powerful first, in the room or not."""
        named = {*self.infinite, *map(UserId, self.users)}
        able = (user for user in named if self.of(user) >= self.actions[action])
        return sorted(able, key=lambda user: (-self.of(user), user))

    def needed_to_notify(self, key: str = "room") -> int:
        """Return the level needed to trigger this kind of notification, as in ``@room``."""
        return self.notifications.get(key, _NOTIFICATION)


def power_levels(state: RoomState) -> PowerLevels:
    """Read the levels of a room from its state (client-server API, m.room.power_levels)."""
    event = state.get(POWER_LEVELS)
    read = _content_without_event(state).get if event is None else event.content.get
    return PowerLevels(
        users=read("users", {}),
        events=read("events", {}),
        notifications=read("notifications", {}),
        users_default=read("users_default", 0),
        events_default=read("events_default", 0),
        state_default=read("state_default", 50),
        actions={
            "ban": read("ban", 50),
            "invite": read("invite", 0),
            "kick": read("kick", 50),
            "redact": read("redact", 50),
        },
        infinite=creators(state) if version_of(state).creators_have_infinite_power else frozenset(),
    )


def lacks_power(levels: PowerLevels, user: UserId, needed: int, deed: str) -> Refusal | None:
    """Refuse if ``user`` has less than ``needed``; ``deed`` completes "needs power level 50 to …"."""
    has = levels.of(user)
    if has >= needed:
        return None
    return forbidden(f"{user} needs power level {needed} to {deed}, has {has}")


def may_change_power_levels(state: RoomState, levels: PowerLevels, sender: UserId, content: Content) -> Refusal | None:
    """Say why ``sender`` may not set the power levels to ``content``.

    These are the rules for m.room.power_levels alone (rule 9 of room version 11, rule 10 of version 12); whether
    the sender may send events of this type at all is asked in ``permissions``.
    """
    fault = _fault_of_shape(content) or _fault_of_creators(levels, content)
    if fault is not None:
        return fault
    before = state.get(POWER_LEVELS)
    if before is None:
        return None
    return _refuse_changes(levels.of(sender), sender, before.content, content)


def _content_without_event(state: RoomState) -> Content:
    return {"users": dict.fromkeys(creators(state), _CREATOR)}


def _fault_of_shape(content: Content) -> Refusal | None:
    for key in _LEVELS:
        if key in content and not _is_level(content[key]):
            return bad_json(f"{key} must be an integer", key)
    for key in _MAPS:
        if key in content and not _maps_to_levels(content[key]):
            return bad_json(f"{key} must be an object whose values are integers", key)
    for user in content.get("users", ()):
        if not is_user_id(user):
            return bad_json(f"users names {user!r}, which is not a user id", "users")
    return None


def _maps_to_levels(value: Any) -> bool:
    return type(value) is dict and all(map(_is_level, value.values()))


def _is_level(value: Any) -> bool:
    return type(value) is int  # isinstance would let true and false pass


def _fault_of_creators(levels: PowerLevels, content: Content) -> Refusal | None:
    for user in content.get("users", ()):
        if user in levels.infinite:
            return bad_json(f"users names {user}, a creator, whose power level is infinite", "users")
    return None


def _refuse_changes(own: int, sender: UserId, old: Content, new: Content) -> Refusal | None:
    for section, key, before, after in _changes(old, new):
        others = section == "users" and key != sender
        if before is not None and (before > own or (others and before == own)):
            return forbidden(f"{sender} has power level {own} and may not change {key}, which is {before}")
        if after is not None and after > own:
            return forbidden(f"{sender} has power level {own} and may not set {key} to {after}")
    return None


def _changes(old: Content, new: Content) -> Iterator[tuple[str, str, int | None, int | None]]:
    """Yield (section, key, level before, level after) of everything added, changed or removed."""
    yield from _changed_entries("", _plain_levels(old), _plain_levels(new))
    for section in _MAPS:
        yield from _changed_entries(section, old.get(section, {}), new.get(section, {}))


def _plain_levels(content: Content) -> dict[str, int]:
    return {key: content[key] for key in _LEVELS if key in content}


def _changed_entries(
    section: str, before: dict[str, int], after: dict[str, int]
) -> Iterator[tuple[str, str, int | None, int | None]]:
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            yield section, key, before.get(key), after.get(key)
