"""Spaces: their children in order, and the walk through them that ``GET /hierarchy`` shows page by page.

Who may see which room is not known here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from veche.base import json
from veche.domain.ids import RoomId, is_room_id
from veche.domain.refusals import Refusal, invalid_param

MOST_DEPTH: Final = 20
MOST_ROOMS: Final = 200
"""Rooms of one page."""
FEWEST: Final = 50
"""Rooms of a page where nobody says how many."""

_ORDER = re.compile(r"[\x20-\x7e]{1,50}\Z")
_TOKEN = re.compile(r"(\d{1,3})\.([01])\.(\d{1,9})\.(!.+)\Z", re.ASCII | re.DOTALL)


class Child(msgspec.Struct, frozen=True):
    """A room that a space names as its child; ``stripped`` is the event as ``children_state`` shows it."""

    room: RoomId
    order: str | None
    ts: int
    is_suggested: bool
    stripped: msgspec.Raw


class Way(msgspec.Struct, frozen=True):
    """How somebody walks through a space: how deep, and whether along suggested rooms only."""

    depth: int
    suggested_only: bool


class Place(msgspec.Struct, frozen=True):
    """Where a page ended: after so many rooms, the last of which is named."""

    count: int
    last: RoomId


def child_of(event: bytes) -> Child | None:
    """Read a child from its event's bytes; None where it is none any more, or was never valid (m.space.child)."""
    whole: dict[str, Any] = json.decode(event)
    content, key = whole["content"], whole["state_key"]
    if not is_room_id(key) or not _is_via(content.get("via")):
        return None
    names = ("content", "origin_server_ts", "sender", "state_key", "type")
    stripped = msgspec.Raw(json.encode({name: whole[name] for name in names}))
    order = content.get("order")
    valid = order if isinstance(order, str) and _ORDER.match(order) else None
    return Child(RoomId(key), valid, whole["origin_server_ts"], content.get("suggested") is True, stripped)


def in_order(children: Iterable[Child]) -> list[Child]:
    """Sort a space's children (section Ordering of children within a space)."""
    return sorted(children, key=lambda one: (one.order is None, one.order or "", one.ts, one.room))


def walk(root: RoomId, children: Mapping[RoomId, Sequence[RoomId]]) -> list[RoomId]:
    """Return all rooms below and with ``root``, depth first, each where it is met first; circles end by themselves.

    Rooms that ``children`` does not name are not gone into.
    """
    found: dict[RoomId, None] = {}
    ahead = [root]
    while ahead:
        room = ahead.pop()
        if room not in found:
            found[room] = None
            ahead.extend(reversed(children.get(room, ())))
    return list(found)


def page_from(rooms: Sequence[RoomId], place: Place | None) -> int:
    """Return where the next page begins: behind the room that was shown last, wherever it stands by now."""
    if place is None:
        return 0
    return rooms.index(place.last) + 1 if place.last in rooms else place.count


def token_of(way: Way, place: Place) -> str:
    """Return the token with which somebody goes on the same way."""
    return f"{way.depth}.{int(way.suggested_only)}.{place.count}.{place.last}"


def place_of(token: str, way: Way) -> Place | Refusal:
    """Read a token; refuses with 400 what is none, and one that was given on another way (``GET /hierarchy``)."""
    found = _TOKEN.match(token)
    if found is None or not is_room_id(found[4]):
        return invalid_param("from is not a token of this server", "from")
    if (int(found[1]), found[2] == "1") != (way.depth, way.suggested_only):
        return invalid_param("suggested_only and max_depth stay as they were on the first page", "from")
    return Place(int(found[3]), RoomId(found[4]))


def _is_via(via: Any) -> bool:
    return isinstance(via, list) and bool(via) and all(isinstance(server, str) for server in via)
