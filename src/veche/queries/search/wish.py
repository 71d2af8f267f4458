"""What somebody wants of a search, and what they are answered (section Server Side Search)."""

import msgspec

from veche.domain.account_data import RoomEventFilter
from veche.domain.search import Page, Term
from veche.domain.search.paging import Grouping

DEFAULT_LIMIT = 10
MOST_AT_ONCE = 50
MOST_AROUND = 20


class ContextWish(msgspec.Struct, frozen=True):
    """How much to show around each result."""

    before: int = 5
    after: int = 5
    with_profiles: bool = False


class SearchWish(msgspec.Struct, frozen=True):
    """A whole search; ``kinds`` are the types of events in which it is done."""

    term: Term
    kinds: tuple[str, ...]
    filter: RoomEventFilter = RoomEventFilter()
    newest_first: bool = False
    around: ContextWish | None = None
    with_state: bool = False
    groupings: tuple[Grouping, ...] = ()
    page: Page = Page()

    @property
    def limit(self) -> int:
        """How many results a page has."""
        limit = self.filter.limit
        return DEFAULT_LIMIT if limit is None else max(1, min(limit, MOST_AT_ONCE))


class Profile(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody was called when they wrote."""

    displayname: str | None = None
    avatar_url: str | None = None


class Around(msgspec.Struct, frozen=True, omit_defaults=True):
    """What surrounds a result: before it the newest first, after it the oldest."""

    start: str
    end: str
    events_before: list[msgspec.Raw]
    events_after: list[msgspec.Raw]
    profile_info: dict[str, Profile] | None = None


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """One result."""

    rank: float
    result: msgspec.Raw
    context: Around | None = None


class Group(msgspec.Struct, frozen=True, omit_defaults=True):
    """The results of a page that have something in common."""

    order: int
    results: list[str]
    next_batch: str | None = None


class RoomEvents(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was found."""

    count: int
    highlights: list[str]
    results: list[Result]
    state: dict[str, list[msgspec.Raw]] | None = None
    groups: dict[str, dict[str, Group]] | None = None
    next_batch: str | None = None
