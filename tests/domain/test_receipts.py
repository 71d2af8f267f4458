"""Receipts: which thread a request means, which events fit it, and how the wire tells them."""

from typing import Any

import msgspec
import pytest

from veche.base import json
from veche.domain.ids import EventId, Position, RoomId, UserId
from veche.domain.receipts import (
    FULLY_READ,
    READ,
    READ_PRIVATE,
    UNTHREADED,
    Receipt,
    may_bear_receipt,
    receipt_events,
    thread_of,
)
from veche.domain.refusals import Refusal
from veche.domain.timeline import MAIN, Event

ROOM = RoomId("!room:x")
ANNA, BORIS = UserId("@anna:x"), UserId("@boris:x")
ROOT, REPLY = EventId("$root"), EventId("$reply")


@pytest.mark.parametrize(
    ("kind", "given", "thread"),
    [
        (READ, msgspec.UNSET, UNTHREADED),
        (READ_PRIVATE, msgspec.UNSET, UNTHREADED),
        (FULLY_READ, msgspec.UNSET, UNTHREADED),
        (READ, "main", MAIN),
        (READ_PRIVATE, "$root", "$root"),
    ],
)
def test_the_thread_a_request_means(kind: str, given: object, thread: str) -> None:
    assert thread_of(kind, given) == thread


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("m.seen", msgspec.UNSET),
        (FULLY_READ, "main"),
        (READ, ""),
        (READ, None),
        (READ, 7),
        (READ, ["$root"]),
        (READ, UNTHREADED),
        (READ, "root"),
        (READ, "$ro\x00ot"),
        (READ, "$" + "r" * 255),
    ],
)
def test_a_malformed_thread_is_refused(kind: str, given: object) -> None:
    refusal = thread_of(kind, given)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.status) == ("M_INVALID_PARAM", 400)


def event(event_id: EventId, thread: str = MAIN, relates_to: dict[str, Any] | None = None) -> Event:
    """An event in a thread, with what it relates to."""
    content = {} if relates_to is None else {"m.relates_to": relates_to}
    text = json.encode({"content": content})
    return Event(Position(1), event_id, ROOM, "m.room.message", None, ANNA, 1, text, thread)


EDIT_OF_ROOT = event(EventId("$edit"), MAIN, {"rel_type": "m.replace", "event_id": ROOT})


@pytest.mark.parametrize(
    ("found", "thread", "fits"),
    [
        (event(ROOT), UNTHREADED, True),
        (event(ROOT), MAIN, True),
        (event(ROOT), ROOT, True),
        (EDIT_OF_ROOT, MAIN, True),
        (EDIT_OF_ROOT, ROOT, True),
        (EDIT_OF_ROOT, "$other", False),
        (event(REPLY, ROOT), UNTHREADED, True),
        (event(REPLY, ROOT), ROOT, True),
        (event(REPLY, ROOT), MAIN, False),
        (event(REPLY, ROOT), "$other", False),
        (event(EventId("$plain")), ROOT, False),
    ],
)
def test_which_events_can_be_read_up_to_in_a_thread(found: Event, thread: str, fits: bool) -> None:
    assert (may_bear_receipt(found, thread) is None) is fits


def receipt(user: UserId, event_id: str, kind: str = READ, thread: str = UNTHREADED) -> Receipt:
    """A receipt of somebody at an event."""
    return Receipt(ROOM, user, kind, thread, EventId(event_id), Position(1), 5)


def told(*receipts: Receipt) -> list[Any]:
    """The contents of the events that tell these receipts."""
    events = [json.decode(text) for text in receipt_events(receipts)]
    assert all(one["type"] == "m.receipt" for one in events)
    return [one["content"] for one in events]


def test_receipts_of_a_room_stand_in_one_event() -> None:
    assert told(
        receipt(ANNA, "$a"), receipt(BORIS, "$a", thread=MAIN), receipt(ANNA, "$b", READ_PRIVATE, thread=ROOT)
    ) == [
        {
            "$a": {"m.read": {ANNA: {"ts": 5}, BORIS: {"ts": 5, "thread_id": "main"}}},
            "$b": {"m.read.private": {ANNA: {"ts": 5, "thread_id": ROOT}}},
        }
    ]
    assert told() == []


def test_two_threads_of_one_person_at_one_event_take_two_events() -> None:
    contents = told(receipt(ANNA, "$a"), receipt(ANNA, "$a", thread=MAIN), receipt(BORIS, "$a"))
    assert contents == [
        {"$a": {"m.read": {ANNA: {"ts": 5}, BORIS: {"ts": 5}}}},
        {"$a": {"m.read": {ANNA: {"ts": 5, "thread_id": "main"}}}},
    ]
