"""The threads of a room, the latest first, as one asker may see them (section Querying threads in a room)."""

import re
from collections.abc import Iterator

import msgspec

from veche.domain.ids import Position, RoomId
from veche.domain.refusals import Refusal, invalid_param
from veche.domain.sessions import Asker
from veche.domain.timeline import Event
from veche.queries.context import ReadContext
from veche.queries.timeline.erasing import bared
from veche.queries.timeline.paging import size_of_page
from veche.queries.timeline.reading import shown
from veche.queries.timeline.sight import Sight, sight_of
from veche.storage import timeline
from veche.storage.reader import Snapshot
from veche.storage.rows import Rows
from veche.storage.timeline import Thread

MOST_AT_ONCE = 100
_READ_AT_ONCE = 200
_MOST_READ = 2_000
"""Threads that one page looks at: where hardly any is wanted it ends early, and the client asks on from there."""
_WRITERS_AT_ONCE = 50
_TOKEN = re.compile(r"(\d{1,18})_(\d{1,18})\Z")


class PlaceInThreads(msgspec.Struct, frozen=True):
    """Where a page begins: below the thread whose latest message stands at ``below``, all as it was at ``until``.

    So nothing is passed over or told twice while people go on writing.
    """

    until: Position
    below: Position

    def __str__(self) -> str:
        return f"{self.until}_{self.below}"


class ThreadsWish(msgspec.Struct, frozen=True):
    """Which threads are wanted: all, or those the asker took part in; where the page begins, and how many it holds."""

    only_own: bool = False
    start: PlaceInThreads | None = None
    limit: int = 20


class Threads(msgspec.Struct, frozen=True, omit_defaults=True):
    """``GET /rooms/{room_id}/threads``: the roots, by the latest message that the asker sees of each thread."""

    chunk: list[msgspec.Raw]
    next_batch: str | None = None


def place_from(text: str) -> PlaceInThreads | Refusal:
    """Read the token of a page; 400 M_INVALID_PARAM for what is none."""
    found = _TOKEN.match(text)
    if found is None:
        return invalid_param("from is not a token of this list", "from")
    return PlaceInThreads(Position(int(found[1])), Position(int(found[2])))


async def threads(ctx: ReadContext, asker: Asker, room: RoomId, wish: ThreadsWish) -> Threads:
    """Return a page of a room's threads. Raises 403 where the asker may see nothing of the room."""
    limit = size_of_page(wish.limit, MOST_AT_ONCE)

    def read(at: Snapshot) -> Threads:
        sight = sight_of(at, room, asker.user)
        start = wish.start or PlaceInThreads(at.position, Position(at.position + 1))
        page = _page(_Search(at, sight, wish.only_own, start), limit)
        roots = [_as_seen(at, sight, root) for root in page.roots]
        return Threads(shown(at, sight, asker, roots, ctx.clock()), None if page.end is None else str(page.end))

    return await ctx.reader.run(read)


class _Page(msgspec.Struct, frozen=True):
    roots: list[Event]
    end: PlaceInThreads | None


class _Search(msgspec.Struct, frozen=True):
    """What is looked for, in which view of the room."""

    rows: Rows
    sight: Sight
    only_own: bool
    start: PlaceInThreads


def _page(search: _Search, limit: int) -> _Page:
    """Read threads by their bounds until no other can have a later message than those found."""
    found: list[tuple[Position, Event]] = []
    looked_at = 0
    for some in _batches(search):
        found += _fitting(search, some)
        found.sort(key=lambda one: -one[0])
        bound = some[-1].bound
        looked_at += sum(1 for thread in some if thread.bound < search.start.below)
        if len(found) > limit and found[limit - 1][0] >= bound:
            break
        if looked_at >= _MOST_READ and bound < search.start.below:
            sure = [one for one in found if one[0] >= bound][:limit]
            return _Page([root for _, root in sure], PlaceInThreads(search.start.until, bound))
    roots = [root for _, root in found[:limit]]
    if len(found) <= limit:
        return _Page(roots, None)
    return _Page(roots, PlaceInThreads(search.start.until, found[limit - 1][0]))


def _batches(search: _Search) -> Iterator[list[Thread]]:
    """Go through the room's threads, those first in which anything happened last."""
    below = Position(search.rows.position + 1)
    while True:
        some = timeline.threads(search.rows, search.sight.room, below, search.start.until, _READ_AT_ONCE)
        if some:
            yield some
        if len(some) < _READ_AT_ONCE:
            return
        below = some[-1].bound


def _fitting(search: _Search, some: list[Thread]) -> list[tuple[Position, Event]]:
    """Return (latest message that is seen, root) of the threads that belong on this page or a later one."""
    latest = {thread.root: _latest(search, thread) for thread in some}
    places = {root: place for root, place in latest.items() if place is not None and place < search.start.below}
    roots = timeline.find_all(search.rows, list(places))
    seen = [root for root in roots.values() if search.sight.sees(root.position)]
    if search.only_own:
        user = search.sight.user
        own = timeline.threads_written_in(search.rows, [root.event_id for root in seen], user, search.start.until)
        seen = [root for root in seen if root.sender == user or root.event_id in own]
    return [(places[root.event_id], root) for root in seen]


def _latest(search: _Search, thread: Thread) -> Position | None:
    """Return the newest message of a thread that the asker sees; those of ignored people do not count."""
    place, sight = thread.latest, search.sight
    if place is None or (not sight.ignored and sight.sees(place)):
        return place
    while place is not None:
        some = timeline.writers_before(search.rows, thread.root, place, _WRITERS_AT_ONCE)
        for position, sender in some:
            if sender not in sight.ignored and sight.sees(position):
                return position
        place = Position(some[-1][0] - 1) if len(some) == _WRITERS_AT_ONCE else None
    return None


def _as_seen(rows: Rows, sight: Sight, root: Event) -> Event:
    """An ignored person's root is shown as if it were redacted (``GET /rooms/{room_id}/threads``)."""
    if root.sender not in sight.ignored or root.state_key is not None:
        return root
    return bared(rows, root)
