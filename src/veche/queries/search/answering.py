"""Answering a search: a page of results in order, and where to go on.

The index only proposes. What is shown is read from the database, and shown if it still stands there as it was found.
"""

from collections.abc import Iterator

import msgspec

from veche.domain.account_data import RoomEventFilter
from veche.domain.ids import Position, RoomId
from veche.domain.search import Page, page_token, rank_of
from veche.domain.search.paging import Grouping
from veche.domain.sessions import Asker
from veche.domain.timeline import Event
from veche.queries.context import ReadContext
from veche.queries.search.highlighting import highlights
from veche.queries.search.ordering import Candidate
from veche.queries.search.reach import Reach
from veche.queries.search.surroundings import around, state_of
from veche.queries.search.windows import Window, Windows, believed
from veche.queries.search.wish import Group, Result, RoomEvents, SearchWish
from veche.queries.timeline.paging import keeps
from veche.queries.timeline.reading import shown
from veche.queries.timeline.sight import Sight
from veche.storage import timeline
from veche.storage.reader import Snapshot
from veche.storage.rows import Rows
from veche.storage.search import SearchIndex


class Hit(msgspec.Struct, frozen=True):
    """A candidate that is shown, with its event and the asker's view of the room."""

    candidate: Candidate
    event: Event
    sight: Sight


class Found(msgspec.Struct, frozen=True):
    """The hits of a page, the window in which the last one lies, and whether anything may follow."""

    hits: list[Hit]
    window: Window | None
    count: int
    has_more: bool


async def search(ctx: ReadContext, index: SearchIndex, asker: Asker, wish: SearchWish) -> RoomEvents:
    """Return a page of what somebody may find. Raises 503 where there is no index (yet)."""

    def read(at: Snapshot) -> RoomEvents:
        reach = Reach(at, index, asker.user, wish.filter)
        start = believed(wish.page, at.position)
        found = _found(at, Windows(at, index, reach, wish), reach, wish, start)
        return _answer(at, asker, wish, start, found, ctx.clock())

    async with index.turn():
        return await ctx.reader.run(read)


def _found(at: Rows, windows: Windows, reach: Reach, wish: SearchWish, start: Page) -> Found:
    """Fill a page, from as many windows as it takes."""
    hits: list[Hit] = []
    count, after = start.count, start.after
    window: Window | None = None
    for window in windows.from_page(start):
        if start.after is None and start.lowest is None and window.highest == start.highest:
            count = start.count or len(window.candidates)
        left = [one for one in window.candidates if after is None or one.key < after]
        for hit in _confirmed(at, reach, wish.filter, left, wish.limit):
            if len(hits) == wish.limit:
                return Found(hits, window, count, has_more=True)
            hits.append(hit)
        after = None
        windows.count_checked(len(left))
        if len(hits) == wish.limit or windows.is_tired:
            break
    return Found(hits, window, count, has_more=window is not None and not window.is_last)


def _confirmed(
    at: Rows, reach: Reach, filter: RoomEventFilter, candidates: list[Candidate], size: int
) -> Iterator[Hit]:
    """Return those candidates that the database knows as the index does: not redacted, and not edited since."""
    keep = keeps(at, filter, reach.ignored)
    for first in range(0, len(candidates), size + 1):
        some = candidates[first : first + size + 1]
        events = {event.position: event for event in timeline.at_positions(at, [one.match.position for one in some])}
        ids = [event.event_id for event in events.values()]
        edits = timeline.newest_edits(at, ids, at.position)
        for one in some:
            event, sight = events.get(one.match.position), reach.sight(one.match)
            if event is None or event.room_id != sight.room or event.redaction is not None:
                continue
            if edits.get(event.event_id, event.position) == one.match.source and keep(event):
                yield Hit(one, event, sight)


def _answer(at: Rows, asker: Asker, wish: SearchWish, start: Page, found: Found, now: int) -> RoomEvents:
    raws = _shown(at, asker, found.hits, now)
    results = [
        Result(
            rank_of(hit.candidate.score),
            raw,
            around(at, hit.sight, asker, hit.event, wish.around, now) if wish.around is not None else None,
        )
        for hit, raw in zip(found.hits, raws, strict=True)
    ]
    sights = {hit.sight.room: hit.sight for hit in found.hits}
    return RoomEvents(
        found.count,
        highlights(at, wish.term, [hit.event for hit in found.hits]),
        results,
        {room: state_of(at, sight, asker, now) for room, sight in sights.items()} if wish.with_state else None,
        _groups(wish, found, start) if wish.groupings else None,
        page_token(_next(found, start)) if found.has_more else None,
    )


def _shown(at: Rows, asker: Asker, hits: list[Hit], now: int) -> list[msgspec.Raw]:
    """Return the events as the asker reads them, in the order of the hits; those of one room are read at once."""
    by_room: dict[RoomId, list[Hit]] = {}
    for hit in hits:
        by_room.setdefault(hit.sight.room, []).append(hit)
    raws: dict[Position, msgspec.Raw] = {}
    for some in by_room.values():
        events = [hit.event for hit in some]
        raws.update(
            zip([event.position for event in events], shown(at, some[0].sight, asker, events, now), strict=True)
        )
    return [raws[hit.event.position] for hit in hits]


def _next(found: Found, start: Page) -> Page:
    """Return where to go on: behind the last hit, or with the next window where this one has no more."""
    window = found.window
    assert window is not None
    last = found.hits[-1].candidate if found.hits else None
    if last is not None and window.lowest <= last.match.position <= window.highest:
        return Page(window.highest, window.lowest, last.key, found.count, start.group)
    return Page(window.lowest - 1, None, None, found.count, start.group)


def _groups(wish: SearchWish, found: Found, start: Page) -> dict[str, dict[str, Group]]:
    """Return the hits by room or sender, in the order of their first; each group can be gone on with alone."""
    groups: dict[str, dict[str, Group]] = {}
    for grouping in wish.groupings:
        hits: dict[str, list[Hit]] = {}
        for hit in found.hits:
            hits.setdefault(hit.sight.room if grouping == "room_id" else hit.event.sender, []).append(hit)
        if found.has_more and start.group is not None and start.group[0] == grouping:
            hits.setdefault(start.group[1], [])  # nothing on this page, but there may be on the next
        groups[grouping] = {
            value: Group(order, [hit.event.event_id for hit in some], _group_token(found, start, (grouping, value)))
            for order, (value, some) in enumerate(hits.items(), 1)
        }
    return groups


def _group_token(found: Found, start: Page, group: tuple[Grouping, str]) -> str | None:
    """Return where to go on with one group; None for other groups on a page that shows one group alone."""
    if not found.has_more or start.group not in (None, group):
        return None
    return page_token(msgspec.structs.replace(_next(found, start), group=group))
