"""Directory: aliases, public rooms, people."""

from typing import Any, Literal

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.commands import directory as commands
from veche.domain.directory.spaces import FEWEST, MOST_DEPTH, MOST_ROOMS, Way
from veche.domain.directory.summaries import RoomSummary
from veche.domain.ids import Alias, RoomId, UserId
from veche.domain.refusals import Refused, invalid_param, not_found
from veche.domain.sessions import Asker
from veche.domain.settings import Limits
from veche.queries import directory as queries
from veche.queries.directory.listing import RoomsPage
from veche.queries.directory.people import Mutual
from veche.queries.directory.spaces import SpacePage

MOST_AT_ONCE = 500


class AliasRequest(msgspec.Struct, frozen=True):
    """A request about an alias."""

    room_alias: Alias


class LeadsTo(msgspec.Struct, frozen=True):
    """The room that an alias shall lead to."""

    room_id: RoomId


class AddAliasRequest(msgspec.Struct, frozen=True):
    """``PUT /directory/room/{room_alias}``."""

    room_alias: Alias
    body: LeadsTo


class Resolved(msgspec.Struct, frozen=True):
    """The room that an alias leads to, and the servers that know it."""

    room_id: RoomId
    servers: tuple[str, ...]


class RoomRequest(msgspec.Struct, frozen=True):
    """A request about a room."""

    room_id: RoomId


class Visibility(msgspec.Struct, frozen=True):
    """Whether the directory lists a room."""

    visibility: Literal["public", "private"] = "public"


class PublishRequest(msgspec.Struct, frozen=True):
    """``PUT /directory/list/room/{room_id}``."""

    room_id: RoomId
    body: Visibility


class PageRequest(msgspec.Struct, frozen=True):
    """``GET /publicRooms``."""

    limit: int = MOST_AT_ONCE
    since: str | None = None
    server: str | None = None


class Term(msgspec.Struct, frozen=True):
    """What a search of public rooms looks for; None among the types stands for rooms without one."""

    generic_search_term: str | None = None
    room_types: tuple[str | None, ...] | None = None


class Search(msgspec.Struct, frozen=True):
    """The body of ``POST /publicRooms``."""

    limit: int = MOST_AT_ONCE
    since: str | None = None
    filter: Term | None = None


class SearchRequest(msgspec.Struct, frozen=True):
    """``POST /publicRooms``."""

    body: Search
    server: str | None = None


class SummaryRequest(msgspec.Struct, frozen=True):
    """``GET /room_summary/{room_id_or_alias}``; servers named by ``via`` are not asked: there is no federation."""

    room_id_or_alias: str


class HierarchyRequest(msgspec.Struct, frozen=True, rename={"token": "from"}):
    """``GET /rooms/{room_id}/hierarchy``."""

    room_id: RoomId
    suggested_only: bool = False
    limit: int = FEWEST
    max_depth: int = MOST_DEPTH
    token: str | None = None


class MutualRequest(msgspec.Struct, frozen=True, rename={"token": "from"}):
    """``GET /mutual_rooms``."""

    user_id: UserId
    token: str | None = None


class PeopleSearch(msgspec.Struct, frozen=True):
    """The body of ``POST /user_directory/search``."""

    search_term: str
    limit: int = 10


class PeopleRequest(msgspec.Struct, frozen=True):
    """``POST /user_directory/search``."""

    body: PeopleSearch


async def resolve(door: Door, asker: Asker, query: AliasRequest) -> Resolved:
    """Say where an alias leads; 404 for those of other servers too, as there is no federation."""
    room = await queries.room_of(door.queries, query.room_alias)
    return Resolved(room, (door.queries.limits.server_name,))


async def add_alias(door: Door, asker: Asker, query: AddAliasRequest) -> Empty:
    """Make an alias lead to a room."""
    await commands.add_alias(door.commands, asker, query.room_alias, query.body.room_id)
    return Empty()


async def delete_alias(door: Door, asker: Asker, query: AliasRequest) -> Empty:
    """Delete an alias."""
    await commands.delete_alias(door.commands, asker, query.room_alias)
    return Empty()


async def aliases(door: Door, asker: Asker, query: RoomRequest) -> dict[str, Any]:
    """Return a room's aliases."""
    return {"aliases": await queries.aliases_of(door.queries, asker, query.room_id)}


async def visibility(door: Door, asker: Asker, query: RoomRequest) -> Visibility:
    """Say whether the directory lists a room."""
    is_public = await queries.is_public(door.queries, asker, query.room_id)
    return Visibility("public" if is_public else "private")


async def publish(door: Door, asker: Asker, query: PublishRequest) -> Empty:
    """List a room in the directory, or no longer."""
    await commands.publish(door.commands, asker, query.room_id, is_public=query.body.visibility == "public")
    return Empty()


async def public_rooms(door: Door, asker: Asker, query: PageRequest) -> RoomsPage:
    """Return a page of the public rooms (section Published room directory)."""
    return await _page(door, Term(), query.limit, query.since, query.server)


async def search_rooms(door: Door, asker: Asker, query: SearchRequest) -> RoomsPage:
    """Return a page of the public rooms that hold a word."""
    wish = query.body
    return await _page(door, wish.filter or Term(), wish.limit, wish.since, query.server)


async def room_summary(door: Door, asker: Asker, query: SummaryRequest) -> RoomSummary:
    """Return the summary of a room, for people who need not be in it."""
    return await queries.room_summary(door.queries, asker, query.room_id_or_alias)


async def hierarchy(door: Door, asker: Asker, query: HierarchyRequest) -> SpacePage:
    """Return a page of the rooms of a space (section Spaces)."""
    if query.limit < 1:
        raise Refused(invalid_param("limit is at least 1", "limit"))
    if query.max_depth < 0:
        raise Refused(invalid_param("max_depth is not below 0", "max_depth"))
    way = Way(min(query.max_depth, MOST_DEPTH), query.suggested_only)
    limit = min(query.limit, MOST_ROOMS)
    return await queries.hierarchy(door.queries, asker, query.room_id, way, limit, query.token or "")


async def mutual_rooms(door: Door, asker: Asker, query: MutualRequest) -> Mutual:
    """Return the rooms shared with somebody."""
    return await queries.mutual_rooms(door.queries, asker, query.user_id, query.token or "")


async def search_people(door: Door, asker: Asker, query: PeopleRequest) -> dict[str, Any]:
    """Return people by name (section User directory)."""
    limit = max(1, min(query.body.limit, MOST_AT_ONCE))
    results, limited = await queries.people_named(door.queries, asker, query.body.search_term, limit)
    return {"results": results, "limited": limited}


async def _page(door: Door, term: Term, limit: int, since: str | None, server: str | None) -> RoomsPage:
    if server not in (None, "", door.queries.limits.server_name):
        raise Refused(not_found("This server knows its own rooms only."))
    limit = max(1, min(limit, MOST_AT_ONCE))
    wish = queries.RoomSearch(term.generic_search_term or "", term.room_types, limit, since or "")
    return await queries.public_rooms(door.queries, wish)


def _without_token(limits: Limits) -> bool:
    """Say whether the specification's leave to answer whoever has no account is made use of."""
    return limits.public_rooms_without_token


_V3 = "/_matrix/client/v3"
_ALIAS = _V3 + "/directory/room/{room_alias}"
_LISTED = _V3 + "/directory/list/room/{room_id}"
_ALIASES = _V3 + "/rooms/{room_id}/aliases"
_PEOPLE = _V3 + "/user_directory/search"
_Any = dict[str, Any]
_V1 = "/_matrix/client/v1"
_SUMMARY = _V1 + "/room_summary/{room_id_or_alias}"
_UNSTABLE = "/_matrix/client/unstable/im.nheko.summary"
_OLD_SUMMARY = (_UNSTABLE + "/summary/{room_id_or_alias}", _UNSTABLE + "/rooms/{room_id_or_alias}/summary")
_ROOMS = _V3 + "/publicRooms"
_SPACE = _V1 + "/rooms/{room_id}/hierarchy"

ENDPOINTS = (
    Endpoint("GET", _ALIAS, "public", "read", AliasRequest, Resolved, resolve),
    Endpoint("PUT", _ALIAS, "user", "write", AddAliasRequest, Empty, add_alias),
    Endpoint("DELETE", _ALIAS, "user", "write", AliasRequest, Empty, delete_alias),
    Endpoint("GET", _ALIASES, "user", "read", RoomRequest, _Any, aliases),
    Endpoint("GET", _LISTED, "public", "read", RoomRequest, Visibility, visibility),
    Endpoint("PUT", _LISTED, "user", "write", PublishRequest, Empty, publish, body_optional=True),
    Endpoint("GET", _ROOMS, "user", "read", PageRequest, RoomsPage, public_rooms, opens_to_all=_without_token),
    Endpoint("POST", _ROOMS, "user", "read", SearchRequest, RoomsPage, search_rooms, body_optional=True),
    Endpoint(
        "GET",
        _SUMMARY,
        "user",
        "read",
        SummaryRequest,
        RoomSummary,
        room_summary,
        aliases=_OLD_SUMMARY,
        opens_to_all=_without_token,
    ),
    Endpoint("GET", _SPACE, "user", "read", HierarchyRequest, SpacePage, hierarchy),
    Endpoint("GET", _V1 + "/mutual_rooms", "user", "read", MutualRequest, Mutual, mutual_rooms),
    Endpoint("POST", _PEOPLE, "user", "read", PeopleRequest, _Any, search_people),
)
