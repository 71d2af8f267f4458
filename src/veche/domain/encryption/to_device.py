"""Messages to devices: who is meant, and the bytes that a device will read."""

from typing import Any

import msgspec

from veche.base import json
from veche.domain.encryption.shapes import encode_object, is_name
from veche.domain.ids import DeviceId, UserId
from veche.domain.refusals import Refusal, invalid_param

EVERY_DEVICE = "*"

Messages = dict[UserId, dict[DeviceId, dict[str, Any]]]
"""Content by user and device; the device ``*`` means all devices of that user."""


class DeviceMessage(msgspec.Struct, frozen=True):
    """One encoded message. ``device`` may be ``*``; ``others`` are then the devices that get one of their own."""

    user: UserId
    device: DeviceId
    json: bytes
    others: frozenset[DeviceId] = frozenset()


def encode_messages(sender: UserId, kind: str, txn: str, messages: Messages) -> list[DeviceMessage] | Refusal:
    """Encode each message once, in the order of users and devices; refuses with 400 or 413 what cannot be.

    The order does not depend on how the request was written, so that its parts are the same when it is repeated.
    """
    if not is_name(kind) or not is_name(txn):
        return invalid_param("The event type and the transaction id have 1 to 255 bytes and no NUL.")
    tail = b',"sender":%b,"type":%b}' % (json.encode(sender), json.encode(kind))
    encoded: list[DeviceMessage] = []
    for user in sorted(messages):
        for device in sorted(messages[user]):
            content = encode_object(messages[user][device], "messages")
            if isinstance(content, Refusal):
                return content
            others = frozenset(messages[user]) if device == EVERY_DEVICE else frozenset()
            encoded.append(DeviceMessage(user, device, b'{"content":%b%b' % (content, tail), others))
    return encoded
