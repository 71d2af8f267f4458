"""Search: what was written, by words (section Server Side Search)."""

from typing import Literal, TypeVar

import msgspec

from veche.api.http.contract import Door, Endpoint
from veche.domain.account_data import RoomEventFilter
from veche.domain.refusals import Refusal, Refused
from veche.domain.search import KINDS, SEARCH_IS_OFF, Page, page_from, term_from
from veche.domain.sessions import Asker
from veche.queries import search as queries
from veche.queries.search import ContextWish, SearchWish
from veche.queries.search.wish import RoomEvents

Key = Literal["content.body", "content.name", "content.topic"]
R = TypeVar("R")


class EventContext(msgspec.Struct, frozen=True):
    """How much to tell around each result."""

    before_limit: int = 5
    after_limit: int = 5
    include_profile: bool = False


class GroupBy(msgspec.Struct, frozen=True):
    """What the results of a group have in common."""

    key: Literal["room_id", "sender"]


class Groupings(msgspec.Struct, frozen=True):
    """How the results shall be grouped."""

    group_by: tuple[GroupBy, ...] = ()


class Criteria(msgspec.Struct, frozen=True):
    """What to find in which events of rooms."""

    search_term: str
    keys: tuple[Key, ...] | None = None
    filter: RoomEventFilter | None = None
    order_by: Literal["recent", "rank"] = "rank"
    event_context: EventContext | None = None
    include_state: bool = False
    groupings: Groupings | None = None


class Categories(msgspec.Struct, frozen=True):
    """Where to search; rooms' events are all there is."""

    room_events: Criteria | None = None


class SearchBody(msgspec.Struct, frozen=True):
    """What is searched for."""

    search_categories: Categories


class SearchRequest(msgspec.Struct, frozen=True):
    """``POST /search``."""

    body: SearchBody
    next_batch: str | None = None


class ResultCategories(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was found, by category."""

    room_events: RoomEvents | None = None


class Results(msgspec.Struct, frozen=True):
    """The answer to a search."""

    search_categories: ResultCategories


async def search(door: Door, asker: Asker, query: SearchRequest) -> Results:
    """Find what the asker may see; 400 where searching is turned off or nothing sensible is asked."""
    index = door.queries.search
    if index is None:
        raise Refused(SEARCH_IS_OFF)
    criteria = query.body.search_categories.room_events
    if criteria is None:
        return Results(ResultCategories())
    page = _accepted(page_from(query.next_batch)) if query.next_batch else Page()
    found = await queries.search(door.queries, index, asker, _wish(criteria, page))
    return Results(ResultCategories(found))


def _wish(criteria: Criteria, page: Page) -> SearchWish:
    around = criteria.event_context
    return SearchWish(
        term=_accepted(term_from(criteria.search_term)),
        kinds=tuple(KINDS[key] for key in sorted(set(KINDS if criteria.keys is None else criteria.keys))),
        filter=criteria.filter or RoomEventFilter(),
        newest_first=criteria.order_by == "recent",
        around=ContextWish(around.before_limit, around.after_limit, around.include_profile) if around else None,
        with_state=criteria.include_state,
        groupings=tuple(dict.fromkeys(by.key for by in criteria.groupings.group_by)) if criteria.groupings else (),
        page=page,
    )


def _accepted(given: R | Refusal) -> R:
    if isinstance(given, Refusal):
        raise Refused(given)
    return given


ENDPOINTS = (
    Endpoint(
        "POST",
        "/_matrix/client/v3/search",
        "user",
        "search",
        SearchRequest,
        Results,
        search,
    ),
)
