"""Sending messages to devices, and forgetting what was delivered."""

import contextlib
import logging
from collections.abc import Sequence
from functools import partial

from veche.commands.context import Context
from veche.commands.encryption.accepting import accepted, expect_device
from veche.domain.encryption.shapes import is_name
from veche.domain.encryption.to_device import EVERY_DEVICE, DeviceMessage, Messages, encode_messages
from veche.domain.ids import DeviceId, Position, UserId
from veche.domain.refusals import Refused
from veche.domain.sessions import Asker
from veche.storage.encryption import to_device
from veche.storage.rows import slices
from veche.storage.writer import Transaction

MESSAGES_AT_ONCE = 100
_log = logging.getLogger("veche.encryption")
LONGEST_INBOX = 20_000
"""Messages that wait for one device. Somebody's forgotten tablet would gather them for ever, and whoever sends at the
permitted rate could fill the disk with them. What is dropped are the oldest: their keys are in the key backup, if
anywhere, while a device that comes back needs the newest to go on. Other servers drop nothing before the device is
deleted. Looked after by ``trim_inboxes``, and not while sending, which would have to count.
"""
_DEVICES_AT_ONCE = 100
_DELETED_AT_ONCE = 500
REQUESTS_KEPT_MS = 30 * 24 * 3_600_000
"""How long a transaction id is remembered."""


async def send_to_device(ctx: Context, asker: Asker, kind: str, txn: str, messages: Messages) -> None:
    """Put a message into the inbox of each device that is meant; unknown users and devices are passed over.

    The same ``kind`` and ``txn`` from the same device are carried out once, however often they are sent. A large
    request is carried out in parts, each once (section Send-to-Device messaging).
    """
    encoded = accepted(encode_messages(asker.user, kind, txn, messages))
    for part, some in enumerate(slices(encoded, MESSAGES_AT_ONCE)):
        request = (kind, txn, part)
        await ctx.writer.run(partial(_send, ctx, asker, request, some))


async def delete_delivered(ctx: Context, asker: Asker, inbox: Position) -> None:
    """Delete the messages that a device has received: it sent a token that says so.

    Writes only if there are any. Nobody needs to wait for it: where it fails, the device's next request repeats it.
    """
    inboxes = ctx.live.inboxes
    if inboxes.find(asker.user, asker.device):
        return
    generation = inboxes.generation
    with contextlib.suppress(Refused):
        oldest = await ctx.reader.run(lambda at: to_device.oldest(at, asker.user, asker.device))
        if oldest is None:
            inboxes.put(asker.user, asker.device, True, generation)
        elif oldest <= inbox:
            await ctx.writer.run(lambda tx: _delete(tx, asker, inbox))


async def trim_inboxes(ctx: Context, longest: int = LONGEST_INBOX) -> None:
    """Drop what is too much in the inboxes of devices that do not fetch it, the oldest first, in small slices."""
    last = ("", "")
    while some := await ctx.reader.run(partial(to_device.overfull, after=last, devices=_DEVICES_AT_ONCE, most=longest)):
        last = (some[-1][0], some[-1][1])
        for user, device, until in some:
            if until:
                await _trim(ctx, user, device, until)


async def _trim(ctx: Context, user: UserId, device: DeviceId, until: Position) -> None:
    dropped = 0
    slice_ = partial(to_device.delete_oldest, user=user, device=device, until=until, most=_DELETED_AT_ONCE)
    while count := await ctx.writer.run(slice_):
        dropped += count
    text = "the device %s of %s fetches no messages: the oldest %d that waited for it were dropped"
    _log.warning(text, device, user, dropped)


def _send(
    ctx: Context, asker: Asker, request: tuple[str, str, int], messages: Sequence[DeviceMessage], tx: Transaction
) -> None:
    expect_device(tx, asker)
    now = ctx.clock()
    if not to_device.begin_part(tx, asker.user, asker.device, *request, now):
        return
    to_device.forget_requests(tx, asker.user, asker.device, now - REQUESTS_KEPT_MS)
    known = to_device.devices_of(tx, {message.user for message in messages if is_name(message.user)})
    for message in messages:
        for device in _meant(message, known.get(message.user, [])):
            to_device.add(tx, message.user, device, message.json)
            tx.after(partial(ctx.live.inboxes.drop, message.user, device))


def _meant(message: DeviceMessage, devices: list[DeviceId]) -> list[DeviceId]:
    if message.device == EVERY_DEVICE:
        return [device for device in devices if device not in message.others]
    return [message.device] if message.device in devices else []


def _delete(tx: Transaction, asker: Asker, inbox: Position) -> None:
    # A token from before a backup was restored may be newer than the log; it says nothing of what waits now.
    if inbox <= tx.position:
        to_device.delete_delivered(tx, asker.user, asker.device, inbox)
