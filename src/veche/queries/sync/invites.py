"""Invitations and knocks in a sync: the stripped state by which somebody outside recognises a room."""

from veche.domain.events import MEMBER
from veche.domain.ids import Position, RoomId, UserId
from veche.domain.rooms import RECOMMENDED_STRIPPED_STATE
from veche.domain.timeline import stripped_json
from veche.queries.sync.reply import events_json
from veche.storage import account_data, rooms, timeline
from veche.storage.rooms import Membership
from veche.storage.rows import Rows


def outside_rooms(
    rows: Rows, user: UserId, kind: str, since: Position, ignored: frozenset[str]
) -> list[tuple[RoomId, bytes]]:
    """Return the rooms that ``user`` was invited to (``invite``) or knocks on (``knock``) since a position.

    Nobody is told of invitations by those whom they ignore, nor of any while they block them all. Once they change
    that, what was kept from them is told, and with it what they know.
    """
    if kind == "invite":
        if account_data.blocks_invitations(rows, user):
            return []
        if since and account_data.changed_whom_they_hear(rows, user, since):
            since = Position(0)
    name = f'"{kind}_state":'.encode()
    return [
        (room, b"{%b%b}" % (name, events_json(events)))
        for found in rooms.memberships_of(rows, user, kind)
        if found.position > since
        for room, events in [_stripped(rows, found, ignored)]
        if events
    ]


def _stripped(rows: Rows, found: Membership, ignored: frozenset[str]) -> tuple[RoomId, list[bytes]]:
    """The room's face, and the membership events of the person and of whoever invited them."""
    own = timeline.at_positions(rows, [found.position])[0]
    if own.sender in ignored:
        return found.room_id, []
    pieces = rooms.current_pieces(rows, found.room_id, without_members=True)
    shown = [place for (kind, key), place in pieces.items() if kind in RECOMMENDED_STRIPPED_STATE and key == ""]
    people = rooms.current_pieces_of(rows, found.room_id, MEMBER, {own.sender, found.user_id})
    events = timeline.at_positions(rows, [*shown, *people.values()])
    return found.room_id, [stripped_json(event) for event in events]
