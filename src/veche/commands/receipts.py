"""Receipts: noting that somebody has read a room up to an event (sections Receipts, Fully read markers)."""

import msgspec

from veche.base import json
from veche.commands.context import Context
from veche.domain.facts import Fact
from veche.domain.ids import EventId, Position, RoomId
from veche.domain.membership import NOT_IN_ROOM
from veche.domain.receipts import FULLY_READ, READ, READ_PRIVATE, UNTHREADED, Receipt, may_bear_receipt, thread_of
from veche.domain.refusals import Refusal, Refused, not_found, refuse
from veche.domain.sessions import Asker
from veche.domain.timeline import Event
from veche.storage import account_data, receipts, rooms, timeline
from veche.storage.writer import Transaction


class ReadMarkers(msgspec.Struct, frozen=True):
    """Up to which events somebody has read a room; all in one request."""

    fully_read: EventId | None = None
    read: EventId | None = None
    read_private: EventId | None = None


async def send_receipt(
    ctx: Context, asker: Asker, room: RoomId, kind: str, event_id: EventId, thread_id: object = msgspec.UNSET
) -> None:
    """Note that the asker has read a room up to an event; one that is not ahead of the earlier one changes nothing.

    ``thread_id`` is as the request has it. Raises 400 M_INVALID_PARAM for a kind or a thread that does not fit, 403
    for those who are not in the room, 404 for an event that is not in it.
    """
    ctx.live.presence.act(asker.user, asker.device)
    thread = thread_of(kind, thread_id)
    if isinstance(thread, Refusal):
        raise Refused(thread)
    await ctx.writer.run(lambda tx: _read(tx, asker, room, [(kind, event_id)], thread, ctx.clock()))


async def set_read_markers(ctx: Context, asker: Asker, room: RoomId, markers: ReadMarkers) -> None:
    """Move the fully read marker and unthreaded receipts at once; refuses as ``send_receipt`` does."""
    ctx.live.presence.act(asker.user, asker.device)
    given = ((FULLY_READ, markers.fully_read), (READ, markers.read), (READ_PRIVATE, markers.read_private))
    wanted = [(kind, event_id) for kind, event_id in given if event_id is not None]
    await ctx.writer.run(lambda tx: _read(tx, asker, room, wanted, UNTHREADED, ctx.clock()))


def _read(
    tx: Transaction, asker: Asker, room: RoomId, wanted: list[tuple[str, EventId]], thread: str, now: int
) -> None:
    membership = rooms.membership(tx, room, asker.user)
    if membership is None or membership.membership != "join":
        raise Refused(NOT_IN_ROOM)
    for kind, event_id in wanted:
        event = _event(tx, room, event_id)
        refuse(may_bear_receipt(event, thread))
        if kind == FULLY_READ:
            _move_marker(tx, asker, event)
        else:
            _move_receipt(tx, Receipt(room, asker.user, kind, thread, event_id, event.position, now))


def _event(tx: Transaction, room: RoomId, event_id: EventId) -> Event:
    found = None if "\x00" in event_id else timeline.find(tx, room, event_id)
    if found is None:
        raise Refused(not_found("There is no such event in this room."))
    return found


def _move_marker(tx: Transaction, asker: Asker, event: Event) -> None:
    """The fully read marker is account data of the room that only the server writes."""
    content = account_data.find(tx, asker.user, event.room_id, FULLY_READ)
    before = timeline.find(tx, event.room_id, content["event_id"]) if content else None
    if before is not None and before.position >= event.position:
        return
    stored = json.encode({"event_id": event.event_id})
    position = tx.record(Fact("account_data", room=event.room_id, user=asker.user, body=(FULLY_READ, stored)))
    account_data.put(tx, asker.user, event.room_id, FULLY_READ, stored, position)


def _move_receipt(tx: Transaction, receipt: Receipt) -> None:
    """Tell a receipt to the room, or a private one to its owner, and move the owner's read mark with it."""
    room, user = receipt.room_id, receipt.user_id
    if receipts.reached(tx, room, user, receipt.kind, receipt.thread) >= receipt.event_position:
        return
    audience = user if receipt.kind == READ_PRIVATE else None
    position = tx.record(Fact("receipt", room=room, user=audience, body=receipt))
    receipts.put(tx, receipt, position)
    _move_mark(tx, receipt, position)


def _move_mark(tx: Transaction, receipt: Receipt, position: Position) -> None:
    room, user = receipt.room_id, receipt.user_id
    if receipts.advance_mark(tx, user, room, receipt.thread, receipt.event_position, position):
        tx.record(Fact("read_mark", room=room, user=user))
