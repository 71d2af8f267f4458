"""Receipts and read markers."""

from typing import Any

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.commands import receipts as commands
from veche.commands.receipts import ReadMarkers
from veche.domain.ids import EventId, RoomId
from veche.domain.sessions import Asker


class Extras(msgspec.Struct, frozen=True):
    """What a receipt may say besides its path. Its faults have an error code of their own, so any type is read."""

    thread_id: Any = msgspec.UNSET


class ReceiptRequest(msgspec.Struct, frozen=True):
    """``POST /rooms/{room_id}/receipt/{receipt_type}/{event_id}``."""

    room_id: RoomId
    receipt_type: str
    event_id: EventId
    body: Extras


class Markers(msgspec.Struct, frozen=True):
    """Events to move the markers to; what is missing stays where it is."""

    fully_read: EventId | None = msgspec.field(default=None, name="m.fully_read")
    read: EventId | None = msgspec.field(default=None, name="m.read")
    read_private: EventId | None = msgspec.field(default=None, name="m.read.private")


class MarkersRequest(msgspec.Struct, frozen=True):
    """``POST /rooms/{room_id}/read_markers``."""

    room_id: RoomId
    body: Markers


async def send_receipt(door: Door, asker: Asker, query: ReceiptRequest) -> Empty:
    """Note that the asker has read a room up to an event (section Receipts)."""
    await commands.send_receipt(
        door.commands, asker, query.room_id, query.receipt_type, query.event_id, query.body.thread_id
    )
    return Empty()


async def set_read_markers(door: Door, asker: Asker, query: MarkersRequest) -> Empty:
    """Move the fully read marker and receipts at once (section Fully read markers)."""
    body = query.body
    markers = ReadMarkers(body.fully_read, body.read, body.read_private)
    await commands.set_read_markers(door.commands, asker, query.room_id, markers)
    return Empty()


_ROOM = "/_matrix/client/v3/rooms/{room_id}"

ENDPOINTS = (
    Endpoint(
        "POST",
        _ROOM + "/receipt/{receipt_type}/{event_id}",
        "user",
        "write",
        ReceiptRequest,
        Empty,
        send_receipt,
        body_optional=True,
    ),
    Endpoint("POST", _ROOM + "/read_markers", "user", "write", MarkersRequest, Empty, set_read_markers),
)
