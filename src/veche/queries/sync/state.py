"""A room's state in a sync: what a client must know that its timeline does not tell it (law 5)."""

import msgspec

from veche.domain.account_data import Filter
from veche.domain.events import MEMBER
from veche.domain.ids import Position, RoomId
from veche.queries.sync.timeline import Stretch
from veche.storage import rooms
from veche.storage.rows import Rows

Pieces = dict[tuple[str, str], Position]
MembersTold = dict[str, Position]
"""Whose membership events a device was given, and the position of the answer that held each."""
NEVER = Position(2**63)


class StateWish(msgspec.Struct, frozen=True):
    """What one room's state is asked for: what was set after ``since`` (None: from the beginning), or all of it too.

    Lazy clients are told the members in ``needed`` and the writers of the timeline, but not the ``known`` ones that
    ``since`` proves to have arrived: an answer may have been lost on its way.
    """

    since: Position | None
    until: Position
    is_whole: bool
    is_after: bool
    needed: frozenset[str]
    known: MembersTold

    def lacks(self, member: str) -> bool:
        """Say whether a lazy client has to be told of somebody."""
        return self.since is None or self.is_whole or self.known.get(member, NEVER) > self.since


def state_positions(rows: Rows, room: RoomId, filter: Filter, stretch: Stretch, wish: StateWish) -> list[Position]:
    """Return the positions of the state events to tell, in the order of the log."""
    at = wish.until if wish.is_after else stretch.start
    members: frozenset[str] | None = None
    if filter.room.state.lazy_load_members:
        writers = {event.sender for event in stretch.events}
        members = frozenset(member for member in writers | wish.needed if wish.lacks(member))
    found: Pieces = {}
    if wish.since is None or wish.is_whole:
        found = _everything(rows, room, at, members)
    elif members:
        found = _as_of(rows, room, rooms.current_pieces_of(rows, room, MEMBER, members), at)
    if wish.since is not None:
        found.update(_changes(rows, room, wish.since, at))
    if not wish.is_after and not filter.room.timeline.is_open:
        found.update(_kept_out(rows, room, stretch, at, wish, members))
    return sorted(found.values())


def _everything(rows: Rows, room: RoomId, at: Position, members: frozenset[str] | None) -> Pieces:
    """The whole state as of ``at``; of the members only those given, if any are."""
    if members is None:
        return _as_of(rows, room, rooms.current_pieces(rows, room), at)
    pieces = rooms.current_pieces(rows, room, without_members=True)
    return _as_of(rows, room, {**pieces, **rooms.current_pieces_of(rows, room, MEMBER, members)}, at)


def _as_of(rows: Rows, room: RoomId, pieces: Pieces, at: Position) -> Pieces:
    """Go back to ``at``: almost every piece of the present state is older than that already."""
    found = {}
    for (kind, key), place in pieces.items():
        earlier = place if place <= at else rooms.position_of(rows, room, kind, key, at)
        if earlier is not None:
            found[kind, key] = earlier
    return found


def _changes(rows: Rows, room: RoomId, since: Position, at: Position) -> Pieces:
    if at <= since:
        return {}
    return {(kind, key): place for kind, key, place in rooms.state_changes(rows, room, since, at)}


def _kept_out(
    rows: Rows, room: RoomId, stretch: Stretch, at: Position, wish: StateWish, members: frozenset[str] | None
) -> Pieces:
    """What a filter keeps out of the timeline would otherwise never be told; at first only of the members asked for."""
    told = {event.position for event in stretch.events}
    found = {piece: place for piece, place in _changes(rows, room, at, wish.until).items() if place not in told}
    if wish.since is not None or members is None:
        return found
    return {(kind, key): place for (kind, key), place in found.items() if kind != MEMBER or key in members}
