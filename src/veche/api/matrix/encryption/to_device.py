"""Sending messages to devices (section Send-to-Device messaging)."""

from typing import Any

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.commands.encryption import to_device
from veche.domain.ids import DeviceId, UserId
from veche.domain.sessions import Asker


class MessagesBody(msgspec.Struct, frozen=True):
    """Content by user and device; ``*`` means all devices of the user."""

    messages: dict[UserId, dict[DeviceId, dict[str, Any]]]


class Messages(msgspec.Struct, frozen=True):
    """``PUT /sendToDevice/{eventType}/{txnId}``."""

    event_type: str
    txn_id: str
    body: MessagesBody


async def send(door: Door, asker: Asker, query: Messages) -> Empty:
    """Send one message to each of the devices."""
    await to_device.send_to_device(door.commands, asker, query.event_type, query.txn_id, query.body.messages)
    return Empty()


ENDPOINTS = (
    Endpoint("PUT", "/_matrix/client/v3/sendToDevice/{event_type}/{txn_id}", "user", "send", Messages, Empty, send),
)
