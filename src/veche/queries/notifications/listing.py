"""Everything that notified somebody, newest first (section Listing Notifications).

Found when it is asked for, by the same rules that count it; nothing of it is kept by person.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from veche.domain.events import MEMBER
from veche.domain.ids import Position, RoomId, UserId
from veche.domain.notifications import Verdict
from veche.domain.sessions import Asker
from veche.domain.timeline import Event, client_json
from veche.queries.context import ReadContext
from veche.queries.notifications.judging import Judge
from veche.queries.notifications.marks import Marks
from veche.queries.timeline.presenting import unsigned
from veche.storage.notifications import walking
from veche.storage.reader import Snapshot

MOST_AT_ONCE = 100
MOST_EVALUATED = 1_000
"""Events that are looked at for one page; after that it ends, however little was found."""
TOGETHER = 50
NEWEST = Position(2**62)


class Notification(msgspec.Struct, frozen=True):
    """An event that notified the asker, what their rules do about it, and whether they have read it."""

    actions: tuple[str | dict[str, Any], ...]
    event: msgspec.Raw
    read: bool
    room_id: RoomId
    ts: int


class Notifications(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page; ``next_token`` asks for the one after it, and is missing at the end."""

    notifications: list[Notification]
    next_token: str | None = None


async def notifications(
    ctx: ReadContext, asker: Asker, before: Position | None, limit: int, *, highlights_only: bool
) -> Notifications:
    """Return a page of what notified the asker before a position (None: the newest), in rooms they are in.

    A page may hold fewer than ``limit`` and still not be the last.
    """
    most = max(1, min(limit, MOST_AT_ONCE))

    def read(at: Snapshot) -> Notifications:
        events = islice(walking.newest_first(at, asker.user, before or NEWEST), MOST_EVALUATED)
        judge, marks = Judge(at, asker.user), Marks(at, asker.user)
        found: list[Notification] = []
        for seen, (event, verdict) in enumerate(_judged(judge, events), 1):
            if verdict.notify and (verdict.highlight or not highlights_only):
                found.append(_notification(asker.user, event, verdict, marks.is_read(event), ctx.clock()))
            if len(found) == most or seen == MOST_EVALUATED:
                return Notifications(found, str(event.position))
        return Notifications(found)

    return await ctx.reader.run(read)


def _judged(judge: Judge, events: Iterator[Event]) -> Iterator[tuple[Event, Verdict]]:
    """Judge events a few at a time: what their rooms are asked for is read together."""
    while some := list(islice(events, TOGETHER)):
        judge.expect(some)
        for event in some:
            yield event, judge.in_room(event.room_id).verdict(event)


def _notification(user: UserId, event: Event, verdict: Verdict, is_read: bool, now: int) -> Notification:
    membership = "invite" if (event.type, event.state_key) == (MEMBER, user) else "join"
    json = client_json(event, unsigned(event, now, membership), with_room=False)
    return Notification(verdict.actions, msgspec.Raw(json), is_read, event.room_id, event.ts)
