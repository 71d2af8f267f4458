"""What concerns whom: each event and each reading, handed to the pushers of those it may concern.

An event in a room where nobody has a pusher costs one look into memory.
"""

import asyncio
from collections.abc import Sequence

from veche.domain.events import MEMBER
from veche.domain.facts import Entry
from veche.domain.ids import UserId
from veche.domain.timeline import Event, content_of
from veche.workers.following import Worker
from veche.workers.notifications.delivering import Deliveries

AT_ONCE = 20
"""People who are woken before all others have their turn."""


def push_worker(deliveries: Deliveries) -> Worker:
    """Return the worker that wakes pushers; those it woke before a crash know themselves what they still owe."""

    async def step(entries: Sequence[Entry]) -> None:
        await deliveries.begun.wait()
        for entry in entries:
            await _notice(deliveries, entry)
        deliveries.seen = max(deliveries.seen, entries[-1].position)

    return Worker("push", frozenset({"event", "read_mark"}), step)


async def _notice(deliveries: Deliveries, entry: Entry) -> None:
    fact, known = entry.fact, deliveries.known
    if fact.kind == "read_mark":
        if fact.user is not None and known.has(fact.user):
            deliveries.expect_badge(fact.user, entry.position)
        return
    event: Event = fact.body
    if event.type == MEMBER:
        _follow_membership(deliveries, event)
    for number, user in enumerate(known.inside(event.room_id), 1):
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
        if user == event.sender:  # what one sends oneself only moves how far one has read
            deliveries.expect_badge(user, event.position)
        else:
            deliveries.wake(user, event.position)


def _follow_membership(deliveries: Deliveries, event: Event) -> None:
    """Somebody may be invited, or be no longer there to be told."""
    user, known = UserId(event.state_key or ""), deliveries.known
    if not known.has(user):
        return
    if content_of(event).get("membership") == "join":
        known.join(user, event.room_id)
    else:
        known.leave(user, event.room_id)
    deliveries.wake(user, event.position)
