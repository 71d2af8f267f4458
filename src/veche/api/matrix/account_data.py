"""Account data, global and by room, tags, and filters."""

from typing import Any

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.commands import account_data as commands
from veche.domain.ids import RoomId, UserId
from veche.domain.sessions import Asker
from veche.queries import account_data as queries

Content = dict[str, Any]


class DataRequest(msgspec.Struct, frozen=True):
    """``GET /user/{user_id}/account_data/{type}``."""

    user_id: UserId
    type: str


class SetDataRequest(msgspec.Struct, frozen=True):
    """``PUT /user/{user_id}/account_data/{type}``."""

    user_id: UserId
    type: str
    body: Content


class RoomDataRequest(msgspec.Struct, frozen=True):
    """``GET /user/{user_id}/rooms/{room_id}/account_data/{type}``."""

    user_id: UserId
    room_id: RoomId
    type: str


class SetRoomDataRequest(msgspec.Struct, frozen=True):
    """``PUT /user/{user_id}/rooms/{room_id}/account_data/{type}``."""

    user_id: UserId
    room_id: RoomId
    type: str
    body: Content


class TagsRequest(msgspec.Struct, frozen=True):
    """``GET /user/{user_id}/rooms/{room_id}/tags``."""

    user_id: UserId
    room_id: RoomId


class Tags(msgspec.Struct, frozen=True):
    """A room's tags by name."""

    tags: Content


class TagRequest(msgspec.Struct, frozen=True):
    """``DELETE /user/{user_id}/rooms/{room_id}/tags/{tag}``."""

    user_id: UserId
    room_id: RoomId
    tag: str


class SetTagRequest(msgspec.Struct, frozen=True):
    """``PUT /user/{user_id}/rooms/{room_id}/tags/{tag}``."""

    user_id: UserId
    room_id: RoomId
    tag: str
    body: Content


class AddFilterRequest(msgspec.Struct, frozen=True):
    """``POST /user/{user_id}/filter``."""

    user_id: UserId
    body: Content


class FilterId(msgspec.Struct, frozen=True):
    """The id of a stored filter."""

    filter_id: str


class FilterRequest(msgspec.Struct, frozen=True):
    """``GET /user/{user_id}/filter/{filter_id}``."""

    user_id: UserId
    filter_id: str


async def find_data(door: Door, asker: Asker, query: DataRequest) -> msgspec.Raw:
    """Return global account data (section Account Data)."""
    return await queries.find_account_data(door.queries, asker, query.user_id, query.type)


async def set_data(door: Door, asker: Asker, query: SetDataRequest) -> Empty:
    """Store global account data."""
    await commands.set_account_data(door.commands, asker, query.user_id, query.type, query.body)
    return Empty()


async def find_room_data(door: Door, asker: Asker, query: RoomDataRequest) -> msgspec.Raw:
    """Return account data of a room."""
    return await queries.find_account_data(door.queries, asker, query.user_id, query.type, query.room_id)


async def set_room_data(door: Door, asker: Asker, query: SetRoomDataRequest) -> Empty:
    """Store account data of a room."""
    await commands.set_room_account_data(door.commands, asker, query.user_id, query.room_id, query.type, query.body)
    return Empty()


async def tags(door: Door, asker: Asker, query: TagsRequest) -> Tags:
    """Return the tags of a room (section Room Tagging)."""
    return Tags(await queries.tags(door.queries, asker, query.user_id, query.room_id))


async def add_tag(door: Door, asker: Asker, query: SetTagRequest) -> Empty:
    """Tag a room."""
    await commands.add_tag(door.commands, asker, query.user_id, query.room_id, query.tag, query.body)
    return Empty()


async def remove_tag(door: Door, asker: Asker, query: TagRequest) -> Empty:
    """Take a tag off a room."""
    await commands.remove_tag(door.commands, asker, query.user_id, query.room_id, query.tag)
    return Empty()


async def add_filter(door: Door, asker: Asker, query: AddFilterRequest) -> FilterId:
    """Store a filter (section Filtering)."""
    return FilterId(await commands.add_filter(door.commands, asker, query.user_id, query.body))


async def stored_filter(door: Door, asker: Asker, query: FilterRequest) -> msgspec.Raw:
    """Return a stored filter."""
    return await queries.stored_filter(door.queries, asker, query.user_id, query.filter_id)


_USER = "/_matrix/client/v3/user/{user_id}"
_DATA = _USER + "/account_data/{type}"
_ROOM_DATA = _USER + "/rooms/{room_id}/account_data/{type}"
_TAGS = _USER + "/rooms/{room_id}/tags"
_FILTER = _USER + "/filter"

ENDPOINTS = (
    Endpoint("GET", _DATA, "user", "read", DataRequest, msgspec.Raw, find_data),
    Endpoint("PUT", _DATA, "user", "write", SetDataRequest, Empty, set_data),
    Endpoint("GET", _ROOM_DATA, "user", "read", RoomDataRequest, msgspec.Raw, find_room_data),
    Endpoint("PUT", _ROOM_DATA, "user", "write", SetRoomDataRequest, Empty, set_room_data),
    Endpoint("GET", _TAGS, "user", "read", TagsRequest, Tags, tags),
    Endpoint("PUT", _TAGS + "/{tag}", "user", "write", SetTagRequest, Empty, add_tag),
    Endpoint("DELETE", _TAGS + "/{tag}", "user", "write", TagRequest, Empty, remove_tag),
    Endpoint("POST", _FILTER, "user", "write", AddFilterRequest, FilterId, add_filter),
    Endpoint("GET", _FILTER + "/{filter_id}", "user", "read", FilterRequest, msgspec.Raw, stored_filter),
)
