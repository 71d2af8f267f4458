"""Receipts: who has read how far, in which thread, and how the wire says it (client-server API, Receipts).

How far somebody has read is not kept here, and what that leaves unread is not counted here.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from veche.base import json
from veche.domain.ids import EventId, Position, RoomId, UserId, fits
from veche.domain.refusals import Refusal, invalid_param
from veche.domain.timeline import MAIN, Event, content_of, relation_of

READ: Final = "m.read"
READ_PRIVATE: Final = "m.read.private"
FULLY_READ: Final = "m.fully_read"
KINDS: Final = (READ, READ_PRIVATE, FULLY_READ)
EVENT_TYPE: Final = "m.receipt"

UNTHREADED: Final = "*"
"""The thread of a receipt that has none: it holds for the main timeline and every thread. No event id is like it."""

_MAIN_ON_WIRE: Final = "main"
_Content = dict[EventId, dict[str, dict[UserId, dict[str, Any]]]]


class Receipt(msgspec.Struct, frozen=True):
    """Somebody has read up to an event, in a thread: MAIN, a root's id, or UNTHREADED. ``ts`` in milliseconds."""

    room_id: RoomId
    user_id: UserId
    kind: str
    thread: str
    event_id: EventId
    event_position: Position
    ts: int


def thread_of(kind: str, thread_id: object) -> str | Refusal:
    """Return the thread that a request's ``thread_id`` (``UNSET`` if it has none) means, or 400 M_INVALID_PARAM."""
    if kind not in KINDS:
        return invalid_param(f"There are no receipts of the type {kind}.", "receiptType")
    if thread_id is msgspec.UNSET:
        return UNTHREADED
    if kind == FULLY_READ:
        return invalid_param("The fully read marker has no thread_id.", "thread_id")
    if thread_id == _MAIN_ON_WIRE:
        return MAIN
    if not isinstance(thread_id, str) or not thread_id.startswith("$") or not fits(thread_id) or "\x00" in thread_id:
        return invalid_param("thread_id must be main or the id of a thread's root.", "thread_id")
    return thread_id


def may_bear_receipt(event: Event, thread: str) -> Refusal | None:
    """Say why an event cannot be read up to in a thread: 400 M_INVALID_PARAM where it is not a part of that thread.

    A root, and what relates to it without being in the thread, stands in the main timeline and before the thread.
    """
    if thread in (UNTHREADED, event.thread, event.event_id):
        return None
    relation = relation_of(content_of(event)) if event.thread == MAIN else None
    if relation is not None and relation.parent == thread:
        return None
    return invalid_param("The event does not belong to the thread that thread_id names.", "thread_id")


def receipt_events(receipts: Iterable[Receipt]) -> list[bytes]:
    """Return the m.receipt events that tell a room's receipts: one, unless somebody's share an event and a kind.

    The content has one place for a person, a kind and an event, so that a second thread takes an event of its own.
    """
    contents: list[_Content] = []
    for receipt in receipts:
        users = next(users for users in _places(contents, receipt) if receipt.user_id not in users)
        users[receipt.user_id] = _said(receipt)
    return [json.encode({"type": EVENT_TYPE, "content": content}) for content in contents]


def _places(contents: list[_Content], receipt: Receipt) -> Iterator[dict[UserId, dict[str, Any]]]:
    """Go through the places where a receipt may stand, the last one in a new content."""
    for content in contents:
        yield content.setdefault(receipt.event_id, {}).setdefault(receipt.kind, {})
    content = {receipt.event_id: {receipt.kind: {}}}
    contents.append(content)
    yield content[receipt.event_id][receipt.kind]


def _said(receipt: Receipt) -> dict[str, Any]:
    if receipt.thread == UNTHREADED:
        return {"ts": receipt.ts}
    return {"ts": receipt.ts, "thread_id": _MAIN_ON_WIRE if receipt.thread == MAIN else receipt.thread}
