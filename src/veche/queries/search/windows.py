"""Windows: the newest thousand matches that the asker may see are put in order; when they are used up, the next.

So a common word costs no more than a rare one, and pages neither repeat nor leave out anything.
"""

from collections.abc import Iterator

import msgspec

from veche.domain.ids import Position
from veche.domain.search import KINDS, Page
from veche.queries.search.ordering import Candidate, ordered
from veche.queries.search.reach import Reach
from veche.queries.search.wish import SearchWish
from veche.storage.rows import Rows
from veche.storage.search import Match, SearchIndex, Wanted, clauses_of

LARGEST_WINDOW = 1_000
"""Matches that are ranked against each other; ``count`` counts no further."""
_READ_AT_ONCE = 1_000
_MOST_READ = 20_000
"""Rows of the index that one request looks at: what the asker may not see, or filters out, counts too."""
_CHECK = 10
"""What it costs to look at a candidate in the database, in rows of the index."""
FEW_ROOMS = 64
MOST_QUIET_ROOMS = 1_000
SMALL_SHARE = 0.05
"""Rooms are looked up in the index where they are few, or where so little of everything is in them that most of what
fits would be read in vain. Otherwise what fits is read, and other people's rooms are left out.
"""


class Window(msgspec.Struct, frozen=True):
    """Candidates in order, what positions they were looked for in, and whether older ones may follow."""

    candidates: list[Candidate]
    highest: int
    lowest: int
    is_last: bool


class Windows:
    """The windows of one search, one after the other."""

    def __init__(self, at: Rows, index: SearchIndex, reach: Reach, wish: SearchWish) -> None:
        self._at, self._index, self._reach, self._wish = at, index, reach, wish
        self._wanted = _wanted(index, reach, wish)
        self._left = _MOST_READ

    @property
    def is_tired(self) -> bool:
        """Say whether enough was read for one request."""
        return self._left <= 0

    def count_checked(self, candidates: int) -> None:
        """Take note that the database was asked about so many candidates: that costs more than to find them."""
        self._left -= _CHECK * candidates

    def from_page(self, page: Page) -> Iterator[Window]:
        """Return the window that a page begins in, and those behind it."""
        if self._wanted is None:
            return
        highest, lowest = page.highest, page.lowest
        while True:
            window = self._window(self._wanted, highest, lowest)
            yield window
            if window.is_last:
                return
            highest, lowest = window.lowest - 1, None

    def _window(self, wanted: Wanted, highest: int, lowest: int | None) -> Window:
        """Read one window: as far down as it takes, or of known bounds.

        Such a one was read before, and is read as a whole. It may have grown since then, as the index lags, but not to
        twice its size: a token that says so is made up, and its window ends there.
        """
        found: list[Match] = []
        high, low = highest, lowest or 0
        most, bound = (LARGEST_WINDOW, 0) if lowest is None else (2 * LARGEST_WINDOW, -_MOST_READ)
        while True:
            some = self._index.matches(wanted, low, high, _READ_AT_ONCE)
            self._left -= len(some)
            for match in some:
                if self._is_wanted(match):
                    found.append(match)
                    if len(found) == most:
                        return self._ordered(wanted, found, highest, match.position, is_last=False)
            if len(some) < _READ_AT_ONCE:
                return self._ordered(wanted, found, highest, low, is_last=low == 0)
            high = some[-1].position - 1
            if self._left <= bound:
                return self._ordered(wanted, found, highest, some[-1].position, is_last=False)

    def _is_wanted(self, match: Match) -> bool:
        return (self._wish.filter.contains_url is not False or not match.has_url) and self._reach.has(match)

    def _ordered(self, wanted: Wanted, found: list[Match], highest: int, lowest: int, *, is_last: bool) -> Window:
        term, newest_first = self._wish.term, self._wish.newest_first
        candidates = ordered(self._at, self._index, wanted, term, found, newest_first=newest_first)
        return Window(candidates, highest, lowest, is_last)


def believed(page: Page, head: Position) -> Page:
    """Return what a page's token says, as far as it can be true."""
    return msgspec.structs.replace(page, highest=min(page.highest, head), count=min(page.count, LARGEST_WINDOW))


def _wanted(index: SearchIndex, reach: Reach, wish: SearchWish) -> Wanted | None:
    """Return what to ask the index; None where nothing can be found."""
    rooms, senders = sorted(reach.rooms), wish.filter.senders
    if wish.page.group is not None:
        value = wish.page.group[1]
        if wish.page.group[0] == "room_id":
            rooms = [number for number in rooms if reach.rooms[number] == value]
        else:
            senders = (value,) if senders is None or value in senders else ()
    authors = None if senders is None else sorted(one.number for one in index.numbers_of(list(senders)).values())
    kinds = _kinds(wish)
    if not rooms or authors == [] or not kinds or wish.term.is_empty:
        return None
    is_narrow = len(rooms) <= (FEW_ROOMS if reach.share > SMALL_SHARE else MOST_QUIET_ROOMS)
    return Wanted(
        clauses_of(wish.term),
        tuple(rooms) if is_narrow else None,
        tuple(authors) if authors is not None else None,
        kinds if len(kinds) < len(KINDS) else None,
        wish.filter.contains_url is True,
        None if is_narrow else tuple(rooms),
    )


def _kinds(wish: SearchWish) -> tuple[str, ...]:
    """Return the types of events that the filter lets pass."""
    types = msgspec.structs.replace(wish.filter, senders=None, not_senders=())
    return tuple(kind for kind in wish.kinds if types.passes(kind, ""))
