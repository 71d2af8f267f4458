"""Receipts in sync: for each room the m.receipt events that tell what is new, or everything."""

import msgspec

from veche.domain.account_data import RoomEventFilter
from veche.domain.ids import Position, RoomId
from veche.domain.receipts import EVENT_TYPE, Receipt, receipt_events
from veche.domain.sessions import Asker
from veche.storage import account_data, receipts
from veche.storage.reader import Snapshot

ALL = RoomEventFilter()


def of_rooms(
    at: Snapshot, asker: Asker, rooms: list[RoomId], since: Position | None, wanted: RoomEventFilter = ALL
) -> dict[RoomId, list[msgspec.Raw]]:
    """Return the ephemeral events of the rooms that have receipts newer than ``since`` (None: any).

    Other people's private receipts and whatever ignored people have read are left out. ``wanted`` is the filter of
    ephemeral events.
    """
    asked = [room for room in rooms if wanted.passes_room(room)]
    if not asked or not wanted.passes(EVENT_TYPE, asker.user):
        return {}
    ignored = account_data.ignored_by(at, asker.user)
    by_room: dict[RoomId, list[Receipt]] = {}
    for receipt in receipts.visible_in(at, asked, asker.user, since or Position(0)):
        if receipt.user_id not in ignored:
            by_room.setdefault(receipt.room_id, []).append(receipt)
    return {room: [msgspec.Raw(event) for event in receipt_events(found)] for room, found in by_room.items()}


def touched(at: Snapshot, asker: Asker, since: Position) -> set[RoomId]:
    """Return the joined rooms with receipts newer than ``since``."""
    return receipts.rooms_with_news(at, asker.user, since)
