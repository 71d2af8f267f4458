"""The events that named somebody, newest first (section Listing Notifications).

What merely counted as unread is not listed: it left no row of its own.
"""

from typing import Any

import msgspec

from veche.domain.ids import Position, RoomId
from veche.domain.sessions import Asker
from veche.domain.timeline import client_json
from veche.queries.context import ReadContext
from veche.queries.notifications.judging import Judge
from veche.queries.timeline.presenting import unsigned
from veche.storage import notifications as stored
from veche.storage.notifications import Mention
from veche.storage.reader import Snapshot

MOST_AT_ONCE = 100
NEWEST = Position(2**62)


class Notification(msgspec.Struct, frozen=True):
    """An event that named the asker, what their rules do about it, and whether they have read it."""

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
    """Return a page of the events that named the asker, in rooms they are in, before a position (None: the newest)."""

    def read(at: Snapshot) -> Notifications:
        most = max(1, min(limit, MOST_AT_ONCE))
        found = stored.mentions(at, asker.user, before or NEWEST, most + 1)
        judge = Judge(at, asker.user)
        shown = (_notification(judge, mention, ctx.clock(), highlights_only) for mention in found[:most])
        more = str(found[most - 1].event.position) if len(found) > most else None
        return Notifications([one for one in shown if one is not None], more)

    return await ctx.reader.run(read)


def _notification(judge: Judge, mention: Mention, now: int, highlights_only: bool) -> Notification | None:
    event = mention.event
    verdict = judge.in_room(event.room_id).verdict(event)
    if not verdict.notify or (highlights_only and not verdict.highlight):
        return None
    json = client_json(event, unsigned(event, now, "join"), with_room=False)
    return Notification(verdict.actions, msgspec.Raw(json), mention.is_read, event.room_id, event.ts)
