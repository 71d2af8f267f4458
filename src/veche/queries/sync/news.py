"""``/events``: what was written into rooms since a position, as one list, for clients that are older than ``/sync``;
and into one room, for those who read it without having joined.
"""

import time
from functools import partial

import msgspec

from veche.domain.account_data import RoomEventFilter
from veche.domain.ids import Position, RoomId
from veche.domain.sessions import Asker
from veche.domain.timeline import Event
from veche.live.notifier import Feed, wait
from veche.queries.context import ReadContext
from veche.queries.sessions import still_valid
from veche.queries.sync.loop import LONGEST_MS, feed_of
from veche.queries.timeline.paging import keeps, page_forth
from veche.queries.timeline.presenting import present
from veche.queries.timeline.sight import Hearing, Sight, sight_of
from veche.storage import rooms, timeline
from veche.storage.account_data import blocks_invitations
from veche.storage.reader import Snapshot

MOST_AT_ONCE = 200
_ALL = RoomEventFilter()


class NewsWish(msgspec.Struct, frozen=True):
    """One request for news: from where on (None: from now), of which room (None: of all joined ones), how patiently."""

    since: Position | None
    room: RoomId | None
    timeout_ms: int


class News(msgspec.Struct, frozen=True):
    """``GET /events``: events in the order of the log, and between which positions they lie."""

    start: str
    end: str
    chunk: list[msgspec.Raw]


async def news(ctx: ReadContext, asker: Asker, wish: NewsWish) -> News:
    """Return what is new, waiting for it where there is nothing (section Syncing, deprecated ``/events``).

    Raises 403 for a room of which the asker may read nothing, 401 where the session ends meanwhile.
    """
    if wish.room is None:
        return await _follow(ctx, asker, wish, None)
    with ctx.live.notifier.peek(asker.user, wish.room) as feed:
        return await _follow(ctx, asker, wish, feed)


async def _follow(ctx: ReadContext, asker: Asker, wish: NewsWish, peeked: Feed | None) -> News:
    """Listen, read, and wait; ``peeked`` is the feed of the one room that is asked for."""
    shown = ctx.live.presence.touch(asker.user, asker.device, "online")
    deadline = time.monotonic() + min(wish.timeout_ms, LONGEST_MS) / 1000
    since = wish.since if wish.since is not None else ctx.live.notifier.head
    while True:
        feed = peeked or await feed_of(ctx, asker)
        found, until = await ctx.reader.run(partial(_read, ctx, asker, wish.room, since))
        remaining = deadline - time.monotonic()
        if found.chunk or remaining <= 0 or ctx.live.notifier.closing:
            return found
        since = until
        if feed.newer_than(until) == []:
            await wait(feed, asker.device, remaining, shown)
            await still_valid(ctx, asker)


class _View(msgspec.Struct, frozen=True):
    """How the asker sees a room, up to where its news are told, and the event that is told in any case."""

    sight: Sight
    until: Position
    own: Event | None = None


def _read(ctx: ReadContext, asker: Asker, room: RoomId | None, since: Position, at: Snapshot) -> tuple[News, Position]:
    """Return the news after ``since`` and the position up to which they were read."""
    since, until = min(since, at.position), at.position
    found = [_View(sight_of(at, room, asker.user), until)] if room else _views(at, asker, since)
    read: list[tuple[Sight, list[Event]]] = []
    for view in found:
        page = page_forth(at, view.sight, since, MOST_AT_ONCE, keeps(at, _ALL, view.sight.ignored), view.until)
        until = until if page.end is None else min(until, page.end)
        told = [event.position for event in page.events]
        read.append((view.sight, [*page.events, *([view.own] if view.own and view.own.position not in told else ())]))
    positions = sorted(event.position for _, events in read for event in events if event.position <= until)
    if len(positions) > MOST_AT_ONCE:
        until = positions[MOST_AT_ONCE - 1]
    return News(str(since), str(until), _shown(at, asker, read, until, ctx.clock())), until


def _shown(
    at: Snapshot, asker: Asker, read: list[tuple[Sight, list[Event]]], until: Position, now: int
) -> list[msgspec.Raw]:
    """Return the events of all rooms up to ``until``, in the order of the log."""
    texts: list[tuple[Position, bytes]] = []
    for sight, events in read:
        some = [event for event in events if event.position <= until]
        shown = present(at, sight, asker.device, some, now, with_room=True)
        texts += zip((event.position for event in some), shown, strict=True)
    return [msgspec.Raw(text) for _, text in sorted(texts)]


def _views(at: Snapshot, asker: Asker, since: Position) -> list[_View]:
    """Return how the asker sees the rooms with news.

    Of a room that was left it goes as far as that, and it tells in any case how somebody outside stands to the room.
    """
    hearing = Hearing(at, asker.user)
    blocks = blocks_invitations(at, asker.user)
    joined = rooms.with_events_since(at, asker.user, since)
    found = [_View(Sight(at, room, asker.user, hearing=hearing), at.position) for room in joined]
    for member in rooms.memberships_of(at, asker.user, "invite", "knock", "leave", "ban"):
        if member.position > since:
            [own] = timeline.at_positions(at, [member.position])
            if member.membership != "invite" or not (blocks or own.sender in hearing.ignored):
                sight = Sight(at, member.room_id, asker.user, hearing=hearing)
                stay = sight.last_stay
                found.append(_View(sight, max(since, stay.last) if stay is not None else since, own))
    return found
