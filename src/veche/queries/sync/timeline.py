"""A room's timeline in a sync: the newest events since the token, or a gap and where to read on."""

import msgspec

from veche.domain.account_data import Filter
from veche.domain.ids import Position
from veche.domain.timeline import Event
from veche.queries.timeline.paging import keeps, page_back
from veche.queries.timeline.sight import Sight
from veche.storage.rows import Rows


class Stretch(msgspec.Struct, frozen=True):
    """The events of a room that a sync brings, oldest first.

    ``start`` is the position up to which the state is told apart from them; older events lie there.
    """

    events: list[Event]
    limited: bool
    start: Position


def stretch(
    rows: Rows, sight: Sight, filter: Filter, since: Position, until: Position, ignored: frozenset[str]
) -> Stretch:
    """Return what happened in (since, until], at most the filter's limit of it.

    It reaches back only as far as the asker saw everything: what was set in between is told by the state.
    """
    limit, wanted = filter.timeline_limit, filter.room.timeline
    spans = sight.ranges_within(since, until)
    seen_since = Position(spans[-1].first - 1) if spans else until
    if not wanted.passes_room(sight.room):
        return Stretch([], False, seen_since)
    page = page_back(rows, sight, until, limit + 1, keeps(rows, wanted, ignored), seen_since)
    events = page.events[:limit][::-1]
    if len(page.events) <= limit and page.end is None:
        return Stretch(events, len(spans) > 1, seen_since)
    return Stretch(events, True, Position(events[0].position - 1) if events else until)
