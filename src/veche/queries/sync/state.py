"""A room's state in a sync: what a client must know that its timeline does not tell it (law 5)."""

import msgspec

from veche.domain.account_data import Filter
from veche.domain.events import MEMBER
from veche.domain.ids import Position, RoomId
from veche.queries.sync.timeline import Stretch
from veche.storage import rooms
from veche.storage.rows import Rows

Pieces = dict[tuple[str, str], Position]


class StateWish(msgspec.Struct, frozen=True):
    """What one room's state is asked for: all of it (``since`` None), or what was set after ``since``.

    Lazy clients are told the members in ``needed`` and the writers of the timeline, but not the ``known`` ones,
    whose events this device was given before.
    """

    since: Position | None
    until: Position
    is_after: bool
    needed: frozenset[str]
    known: frozenset[str]


def state_positions(rows: Rows, room: RoomId, filter: Filter, stretch: Stretch, wish: StateWish) -> list[Position]:
    """Return the positions of the state events to tell, in the order of the log."""
    at = wish.until if wish.is_after else stretch.start
    writers = frozenset(event.sender for event in stretch.events)
    if not filter.room.state.lazy_load_members:
        members: frozenset[str] | None = None
    else:
        members = (writers | wish.needed) - wish.known
    if wish.since is None:
        found = _everything(rows, room, at, members)
    else:
        found = _changes(rows, room, wish.since, at)
        if not wish.is_after and not filter.room.timeline.is_open:
            found = {**found, **_kept_out(rows, room, stretch, at, wish.until)}
        if members:
            found = {**_as_of(rows, room, rooms.current_pieces_of(rows, room, MEMBER, members), at), **found}
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


def _kept_out(rows: Rows, room: RoomId, stretch: Stretch, at: Position, until: Position) -> Pieces:
    """What a filter keeps out of the timeline would otherwise never be told."""
    told = {event.position for event in stretch.events}
    return {piece: place for piece, place in _changes(rows, room, at, until).items() if place not in told}
