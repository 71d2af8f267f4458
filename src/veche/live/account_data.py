"""Filters that were looked up lately. One never changes under its id, so nothing is ever out of date here."""

from collections import OrderedDict

from veche.domain.account_data import Filter
from veche.domain.ids import UserId

MOST = 20_000


class KnownFilters:
    """Stored filters by owner and id. Used on the loop's thread only."""

    def __init__(self, most: int = MOST) -> None:
        self._known: OrderedDict[tuple[UserId, str], Filter] = OrderedDict()
        self._most = most

    def find(self, user: UserId, filter_id: str) -> Filter | None:
        """Return a filter that was looked up before."""
        return self._known.get((user, filter_id))

    def put(self, user: UserId, filter_id: str, found: Filter) -> None:
        """Remember a filter; the one put first is let go when there are too many."""
        self._known[user, filter_id] = found
        if len(self._known) > self._most:
            self._known.popitem(last=False)
