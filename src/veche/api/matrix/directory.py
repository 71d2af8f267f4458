"""Directory: aliases, public rooms, people."""

import re
from typing import Any, Literal

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.commands import directory as commands
from veche.domain.ids import Alias, RoomId
from veche.domain.refusals import Refused, invalid_param, not_found
from veche.domain.sessions import Asker
from veche.queries import directory as queries

MOST_AT_ONCE = 500
_OFFSET = re.compile(r"[0-9]{1,9}\Z")


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


async def public_rooms(door: Door, asker: Asker, query: PageRequest) -> dict[str, Any]:
    """Return a page of the public rooms (section Listing rooms)."""
    return await _page(door, Term(), query.limit, query.since, query.server)


async def search_rooms(door: Door, asker: Asker, query: SearchRequest) -> dict[str, Any]:
    """Return a page of the public rooms that hold a word."""
    wish = query.body
    return await _page(door, wish.filter or Term(), wish.limit, wish.since, query.server)


async def search_people(door: Door, asker: Asker, query: PeopleRequest) -> dict[str, Any]:
    """Return people by name (section User directory)."""
    limit = max(1, min(query.body.limit, MOST_AT_ONCE))
    results, limited = await queries.people(door.queries, asker, query.body.search_term, limit)
    return {"results": results, "limited": limited}


async def _page(door: Door, term: Term, limit: int, since: str | None, server: str | None) -> dict[str, Any]:
    if since and not _OFFSET.match(since):
        raise Refused(invalid_param("since is not a token of this server", "since"))
    if server not in (None, "", door.queries.limits.server_name):
        raise Refused(not_found("This server knows its own rooms only."))
    wish = queries.RoomSearch(
        term.generic_search_term or "", term.room_types, max(1, min(limit, MOST_AT_ONCE)), int(since or 0)
    )
    return await queries.public_rooms(door.queries, wish)


_V3 = "/_matrix/client/v3"
_ALIAS = _V3 + "/directory/room/{room_alias}"
_LISTED = _V3 + "/directory/list/room/{room_id}"
_ALIASES = _V3 + "/rooms/{room_id}/aliases"
_PEOPLE = _V3 + "/user_directory/search"
_Any = dict[str, Any]

ENDPOINTS = (
    Endpoint("GET", _ALIAS, "public", "read", AliasRequest, Resolved, resolve),
    Endpoint("PUT", _ALIAS, "user", "write", AddAliasRequest, Empty, add_alias),
    Endpoint("DELETE", _ALIAS, "user", "write", AliasRequest, Empty, delete_alias),
    Endpoint("GET", _ALIASES, "user", "read", RoomRequest, _Any, aliases),
    Endpoint("GET", _LISTED, "public", "read", RoomRequest, Visibility, visibility),
    Endpoint("PUT", _LISTED, "user", "write", PublishRequest, Empty, publish, body_optional=True),
    Endpoint("GET", _V3 + "/publicRooms", "user", "read", PageRequest, _Any, public_rooms),
    Endpoint("POST", _V3 + "/publicRooms", "user", "read", SearchRequest, _Any, search_rooms, body_optional=True),
    Endpoint("POST", _PEOPLE, "user", "read", PeopleRequest, _Any, search_people),
)
