"""Which part of a room's log one user may read (client-server API, Room History Visibility).

Works on the bare history of two values; forgotten rooms and ignored senders are not known here.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from veche.domain.ids import Position
from veche.domain.refusals import Refusal, forbidden

Changes = Sequence[tuple[Position, str]]  # (position, new value) in the order of the log

DEFAULT_VISIBILITY: Final = "shared"

_VISIBILITIES = ("world_readable", "shared", "invited", "joined")
_BEFORE_ALL = -1


class Range(Struct, frozen=True):
    """Positions from ``first`` to ``last``, both included."""

    first: Position
    last: Position


def visible_ranges(visibility: Changes, membership: Changes, head: Position) -> list[Range]:
    """Return what one user may read of a room up to ``head``: ranges in order that do not touch each other.

    ``visibility`` holds the values of m.room.history_visibility, ``membership`` those of the user's own
    m.room.member events, each with the position of its event. Changes after ``head`` count for nothing.
    """
    last_join = max((at for at, value in membership if value == "join" and at <= head), default=_BEFORE_ALL)
    setting, standing, start = DEFAULT_VISIBILITY, "leave", 0
    sees = last_join > _BEFORE_ALL
    ranges: list[Range] = []
    for at, is_setting, value in _in_order(visibility, membership, head):
        if sees:
            _cover(ranges, start, at - 1)
        saw = _may_read(setting, standing, at < last_join)
        if is_setting:
            setting = _understood(value)
        else:
            standing = value
        sees = _may_read(setting, standing, at < last_join)
        # For the changing event itself it is enough if the values before or those after let the user see it.
        if saw or sees:
            _cover(ranges, at, at)
        start = at + 1
    if sees:
        _cover(ranges, start, head)
    return ranges


def is_visible(ranges: Sequence[Range], position: Position) -> bool:
    """Say whether ``position`` lies in one of the ranges of ``visible_ranges``."""
    found = bisect_right(ranges, position, key=_first)
    return found > 0 and position <= ranges[found - 1].last


def visible_state_position(visibility: Changes, membership: Changes, head: Position) -> Position | Refusal:
    """Return the position whose state a user may read, or a refusal (client-server API, GET /rooms/{roomId}/state).

    Members read the present state, former members that of the moment they ceased to be in the room, also if they
    were invited or banned since; everybody else the present state of a room that the world may read.
    """
    is_inside, left = False, None
    for at, value in membership:
        if at <= head:
            left = at if is_inside and value != "join" else left
            is_inside = value == "join"
    if is_inside:
        return head
    if left is not None:
        return left
    if _latest(visibility, head) == "world_readable":
        return head
    return forbidden("only present and former members may read the state of this room")


def _in_order(visibility: Changes, membership: Changes, head: Position) -> list[tuple[Position, bool, str]]:
    settings = [(at, True, value) for at, value in visibility if at <= head]
    standings = [(at, False, value) for at, value in membership if at <= head]
    return sorted(settings + standings, key=_position)


def _position(change: tuple[Position, bool, str]) -> Position:
    return change[0]


def _may_read(setting: str, standing: str, joins_later: bool) -> bool:
    if setting == "world_readable" or standing == "join":
        return True
    if setting == "shared":
        return joins_later
    return setting == "invited" and standing == "invite"


def _understood(value: str) -> str:
    return value if value in _VISIBILITIES else DEFAULT_VISIBILITY


def _cover(ranges: list[Range], first: int, last: int) -> None:
    if last < first:
        return
    if ranges and ranges[-1].last == first - 1:
        first = ranges.pop().first
    ranges.append(Range(Position(first), Position(last)))


def _first(part: Range) -> Position:
    return part.first


def _latest(visibility: Changes, head: Position) -> str:
    values = [value for at, value in visibility if at <= head]
    return values[-1] if values else DEFAULT_VISIBILITY
