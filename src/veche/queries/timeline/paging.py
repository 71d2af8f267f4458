"""Pages of a room's log in either direction, filtered, through the asker's eyes."""

from collections.abc import Callable, Iterator

import msgspec

from veche.domain.account_data import RoomEventFilter
from veche.domain.ids import Position
from veche.domain.refusals import Refused, invalid_param
from veche.domain.timeline import Event
from veche.queries.timeline.sight import Sight
from veche.storage import timeline
from veche.storage.rows import Rows

START = Position(0)
_READ_AT_ONCE = 200
_MOST_READ = 2_000
"""A filter that almost nothing passes ends a page early; the client asks on from where it stopped."""


class Page(msgspec.Struct, frozen=True):
    """Events in the direction of reading. ``end`` is where to read on, None at the end of what may be seen."""

    events: list[Event]
    end: Position | None


def size_of_page(limit: int, most: int) -> int:
    """Return how many a page holds at most where ``limit`` are asked for; raises 400 where that is none."""
    if limit < 1:
        raise Refused(invalid_param("limit must be at least 1", "limit"))
    return min(limit, most)


def page_back(
    rows: Rows, sight: Sight, start: Position, limit: int, keep: Callable[[Event], bool], stop: Position = START
) -> Page:
    """Return events not later than ``start``, newest first, down to but without ``stop``."""
    return _page(_downwards(rows, sight, start, stop, limit), limit, keep, step=-1)


def page_forth(
    rows: Rows, sight: Sight, start: Position, limit: int, keep: Callable[[Event], bool], stop: Position | None = None
) -> Page:
    """Return events later than ``start``, oldest first, up to and including ``stop``."""
    until = rows.position if stop is None else min(stop, rows.position)
    return _page(_upwards(rows, sight, start, until, limit), limit, keep, step=0)


def keeps(rows: Rows, filter: RoomEventFilter, ignored: frozenset[str] = frozenset()) -> Callable[[Event], bool]:
    """Return the question whether an event passes a filter and is not from an ignored sender."""
    if filter.is_open and not ignored:
        return _everything
    return lambda event: (
        filter.passes_event(event)
        and filter.passes_room(event.room_id)
        and (event.sender not in ignored or event.state_key is not None)
        and (not filter.asks_for_relations or _is_related(rows, filter, event))
    )


def _is_related(rows: Rows, filter: RoomEventFilter, event: Event) -> bool:
    kinds, senders = filter.related_by_rel_types, filter.related_by_senders
    return any(
        (kinds is None or child.kind in kinds) and (senders is None or child.sender in senders)
        for child in timeline.children_of_any_kind(rows, [event.event_id], rows.position)
    )


def _everything(event: Event) -> bool:
    return True


def _page(events: Iterator[Event], limit: int, keep: Callable[[Event], bool], step: int) -> Page:
    kept: list[Event] = []
    last: Event | None = None
    for number, event in enumerate(events):
        if last is not None and (len(kept) >= limit or number >= _MOST_READ):
            return Page(kept, Position(last.position + step))
        if keep(event):
            kept.append(event)
        last = event
    return Page(kept, None)


def _downwards(rows: Rows, sight: Sight, start: Position, stop: Position, limit: int) -> Iterator[Event]:
    size = min(_READ_AT_ONCE, limit + 1)
    for span in reversed(sight.ranges_within(stop, start)):
        newest = span.last
        while newest >= span.first:
            some = timeline.page(rows, sight.room, Position(span.first - 1), newest, size, newest_first=True)
            yield from some
            if len(some) < size:
                break
            newest = Position(some[-1].position - 1)


def _upwards(rows: Rows, sight: Sight, start: Position, until: Position, limit: int) -> Iterator[Event]:
    size = min(_READ_AT_ONCE, limit + 1)
    for span in sight.ranges_within(start, until):
        after = Position(span.first - 1)
        while after < span.last:
            some = timeline.page(rows, sight.room, after, span.last, size, newest_first=False)
            yield from some
            if len(some) < size:
                break
            after = some[-1].position
