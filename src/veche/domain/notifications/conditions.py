"""The conditions of push rules: when they hold, and when their form is at fault (section Conditions).

Which rule they belong to is not known here.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from operator import eq, ge, gt, le, lt
from typing import Any, Final

from msgspec import UNSET

from veche.domain.notifications.names import contains_name
from veche.domain.notifications.patterns import matches_whole, matches_words
from veche.domain.notifications.records import Condition, EventFacts, MemberFacts, RoomFacts

DEFAULT_NOTIFICATION_LEVEL: Final = 50

_COUNT: Final = re.compile(r"(==|<=|>=|<|>)?([0-9]{1,16})")
_COMPARISONS: Final[dict[str | None, Callable[[int, int], bool]]] = {
    None: eq, "==": eq, "<": lt, ">": gt, "<=": le, ">=": ge,
}  # fmt: skip
_TOKEN: Final = re.compile(r"\\[.\\]|.", re.DOTALL)
_ROOTS: Final = frozenset({"type", "content", "sender", "room_id", "state_key"})
_SCALARS: Final = frozenset({str, int, bool, type(None)})


def holds(condition: Condition, event: EventFacts, room: RoomFacts, member: MemberFacts) -> bool:
    """Say whether a well-formed condition holds; one of an unknown kind never does."""
    match condition["kind"]:
        case "event_match":
            return _matches(condition, event)
        case "event_property_is":
            return _is_same(property_at(event, condition["key"]), condition["value"])
        case "event_property_contains":
            return _contains(property_at(event, condition["key"]), condition["value"])
        case "contains_display_name":
            body = property_at(event, "content.body")
            return isinstance(body, str) and contains_name(body, member.display_name)
        case "room_member_count":
            return fits_size(condition["is"], room.member_count)
        case "sender_notification_permission":
            return may_notify(room, condition["key"])
    return False


def fault_of(condition: Any) -> str | None:
    """Say in one sentence what is wrong with the form of a condition, or None. Unknown kinds are well-formed."""
    if not isinstance(condition, dict) or not isinstance(condition.get("kind"), str):
        return "A condition must be an object with a kind."
    for field, check in _FIELDS.get(condition["kind"], {}).items():
        if field not in condition or not check(condition[field]):
            return f"A condition {condition['kind']} needs a valid {field}."
    return None


def may_notify(room: RoomFacts, key: str) -> bool:
    """Say whether the sender's power suffices for this kind of notification, ``room`` for example."""
    level = room.notifications.get(key, DEFAULT_NOTIFICATION_LEVEL)
    return room.sender_power >= (level if isinstance(level, int) else DEFAULT_NOTIFICATION_LEVEL)


def fits_size(wanted: str, members: int) -> bool:
    """Say whether a room with so many joined members is of the size that ``is`` of a condition wants."""
    parts = _COUNT.fullmatch(wanted)
    return parts is not None and _COMPARISONS[parts[1]](members, int(parts[2]))


def property_at(event: EventFacts, key: str) -> Any:
    """Return what stands at a dot-separated path (appendices, Dot-separated property paths), or ``UNSET``."""
    head, *rest = _path(key)
    found: Any = getattr(event, head) if head in _ROOTS else UNSET
    if head == "state_key" and found is None:
        found = UNSET
    for name in rest:
        found = found.get(name, UNSET) if isinstance(found, dict) else UNSET
    return found


@lru_cache(maxsize=1024)
def _path(key: str) -> tuple[str, ...]:
    r"""Split at dots; ``\.`` and ``\\`` stand for the character itself, any other backslash stays what it is."""
    names = [""]
    for token in _TOKEN.findall(key):
        if token == ".":
            names.append("")
        else:
            names[-1] += token[-1]
    return tuple(names)


def _matches(condition: Condition, event: EventFacts) -> bool:
    value = property_at(event, condition["key"])
    if not isinstance(value, str):
        return False
    within = condition["key"] == "content.body"
    return matches_words(condition["pattern"], value) if within else matches_whole(condition["pattern"], value)


def _is_same(found: Any, value: Any) -> bool:
    """Compare without casting: ``True`` is not ``1``."""
    return type(found) is type(value) and type(found) in _SCALARS and bool(found == value)


def _contains(found: Any, value: Any) -> bool:
    return isinstance(found, list) and any(_is_same(item, value) for item in found)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_scalar(value: Any) -> bool:
    return type(value) in _SCALARS


def _is_count(value: Any) -> bool:
    return isinstance(value, str) and _COUNT.fullmatch(value) is not None


_FIELDS: Final[dict[str, dict[str, Callable[[Any], bool]]]] = {
    "event_match": {"key": _is_text, "pattern": _is_text},
    "event_property_is": {"key": _is_text, "value": _is_scalar},
    "event_property_contains": {"key": _is_text, "value": _is_scalar},
    "room_member_count": {"is": _is_count},
    "sender_notification_permission": {"key": _is_text},
}
