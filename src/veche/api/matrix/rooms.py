"""Rooms: creating, membership, state, members."""

from typing import Any, Literal

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.commands import rooms as commands
from veche.commands import timeline
from veche.commands.rooms.creating import RoomWish
from veche.domain.events import Content, Draft
from veche.domain.ids import Alias, EventId, Position, RoomId, UserId
from veche.domain.membership import INVITES_BY_USER_ID
from veche.domain.refusals import Refusal, Refused, missing_param
from veche.domain.sessions import Asker
from veche.queries import directory
from veche.queries import rooms as queries
from veche.queries.sync.wish import position_from

Membership = Literal["join", "invite", "knock", "leave", "ban"]


class InRoom(msgspec.Struct, frozen=True):
    """The id of a room."""

    room_id: RoomId


class Created(msgspec.Struct, frozen=True):
    """The id of an event that is on disk."""

    event_id: EventId


class CreateRequest(msgspec.Struct, frozen=True):
    """``POST /createRoom``."""

    body: RoomWish


class Why(msgspec.Struct, frozen=True):
    """A body that at most says why."""

    reason: str | None = None


class About(msgspec.Struct, frozen=True):
    """A body that names somebody, and perhaps says why."""

    user_id: UserId
    reason: str | None = None


class Invitee(msgspec.Struct, frozen=True):
    """Whom to invite: by user id, or by an address of another medium, which takes an identity server."""

    user_id: UserId | None = None
    reason: str | None = None
    medium: Any = None
    address: Any = None


class InviteRequest(msgspec.Struct, frozen=True):
    """``POST /rooms/{room_id}/invite``, in both its forms."""

    room_id: RoomId
    body: Invitee


class RoomRequest(msgspec.Struct, frozen=True):
    """A request about a room, perhaps with a reason."""

    room_id: RoomId
    body: Why = Why()


class Upgrade(msgspec.Struct, frozen=True):
    """Which version a room shall have, and who besides the asker shall have created the new one."""

    new_version: str
    additional_creators: tuple[str, ...] = ()


class UpgradeRequest(msgspec.Struct, frozen=True):
    """``POST /rooms/{room_id}/upgrade``."""

    room_id: RoomId
    body: Upgrade


class Upgraded(msgspec.Struct, frozen=True):
    """The room that takes another's place."""

    replacement_room: RoomId


class RoomOrAliasRequest(msgspec.Struct, frozen=True):
    """A request about a room that is named by its id or an alias."""

    room_id_or_alias: str
    body: Why = Why()


class MemberRequest(msgspec.Struct, frozen=True):
    """A request about a person in a room."""

    room_id: RoomId
    body: About


class ReadRequest(msgspec.Struct, frozen=True):
    """A request that reads something of a room."""

    room_id: RoomId


class StateRequest(msgspec.Struct, frozen=True):
    """``GET /rooms/{room_id}/state/{event_type}/{state_key}``."""

    room_id: RoomId
    event_type: str
    state_key: str = ""
    format: Literal["content", "event"] = "content"


class SetStateRequest(msgspec.Struct, frozen=True):
    """``PUT /rooms/{room_id}/state/{event_type}/{state_key}``."""

    room_id: RoomId
    event_type: str
    body: Content
    state_key: str = ""


class MembersRequest(msgspec.Struct, frozen=True):
    """``GET /rooms/{room_id}/members``; ``at`` is a paging or sync token."""

    room_id: RoomId
    at: str | None = None
    membership: Membership | None = None
    not_membership: Membership | None = None


async def create(door: Door, asker: Asker, query: CreateRequest) -> InRoom:
    """Create a room (section Creation)."""
    return InRoom(await commands.create_room(door.commands, asker, query.body))


async def join(door: Door, asker: Asker, query: RoomRequest) -> InRoom:
    """Join a room by its id (section Joining rooms)."""
    return InRoom(await commands.join(door.commands, asker, query.room_id, query.body.reason))


async def join_any(door: Door, asker: Asker, query: RoomOrAliasRequest) -> InRoom:
    """Join a room by its id or an alias."""
    room = await _room(door, query.room_id_or_alias)
    return InRoom(await commands.join(door.commands, asker, room, query.body.reason))


async def knock(door: Door, asker: Asker, query: RoomOrAliasRequest) -> InRoom:
    """Ask to be let into a room (section Knocking on rooms)."""
    room = await _room(door, query.room_id_or_alias)
    return InRoom(await commands.knock(door.commands, asker, room, query.body.reason))


async def leave(door: Door, asker: Asker, query: RoomRequest) -> Empty:
    """Leave a room or turn down an invitation (section Leaving rooms)."""
    await commands.leave(door.commands, asker, query.room_id, query.body.reason)
    return Empty()


async def forget(door: Door, asker: Asker, query: RoomRequest) -> Empty:
    """Forget a room one has left."""
    await commands.forget(door.commands, asker, query.room_id)
    return Empty()


async def invite(door: Door, asker: Asker, query: InviteRequest) -> Empty:
    """Invite somebody (section Inviting users); by user id only, as no identity server is asked here."""
    body = query.body
    if body.user_id is None:
        by_address = body.medium is not None or body.address is not None
        raise Refused(INVITES_BY_USER_ID if by_address else missing_param("The field user_id is missing.", "user_id"))
    await commands.invite(door.commands, asker, query.room_id, body.user_id, body.reason)
    return Empty()


async def kick(door: Door, asker: Asker, query: MemberRequest) -> Empty:
    """Remove somebody (section Kicking users)."""
    await commands.kick(door.commands, asker, query.room_id, query.body.user_id, query.body.reason)
    return Empty()


async def ban(door: Door, asker: Asker, query: MemberRequest) -> Empty:
    """Ban somebody (section Banning users)."""
    await commands.ban(door.commands, asker, query.room_id, query.body.user_id, query.body.reason)
    return Empty()


async def unban(door: Door, asker: Asker, query: MemberRequest) -> Empty:
    """Lift a ban."""
    await commands.unban(door.commands, asker, query.room_id, query.body.user_id, query.body.reason)
    return Empty()


async def upgrade(door: Door, asker: Asker, query: UpgradeRequest) -> Upgraded:
    """Replace a room by one of another version (section Room Upgrades)."""
    body = query.body
    new = await commands.upgrade_room(door.commands, asker, query.room_id, body.new_version, body.additional_creators)
    return Upgraded(new)


async def state(door: Door, asker: Asker, query: ReadRequest) -> list[msgspec.Raw]:
    """Return the whole state that the asker may see."""
    return await queries.state(door.queries, asker, query.room_id)


async def state_event(door: Door, asker: Asker, query: StateRequest) -> msgspec.Raw:
    """Return one piece of the state."""
    whole = query.format == "event"
    return await queries.state_event(door.queries, asker, query.room_id, query.event_type, query.state_key, whole=whole)


async def set_state(door: Door, asker: Asker, query: SetStateRequest) -> Created:
    """Set one piece of the state."""
    draft = Draft(query.event_type, query.body, query.state_key)
    return Created(await timeline.set_state(door.commands, asker, query.room_id, draft))


async def members(door: Door, asker: Asker, query: MembersRequest) -> dict[str, Any]:
    """Return membership events, now or as of a position."""
    found = await queries.members(
        door.queries,
        asker,
        query.room_id,
        at_position=_position(query.at),
        membership=query.membership,
        not_membership=query.not_membership,
    )
    return {"chunk": found}


async def joined_members(door: Door, asker: Asker, query: ReadRequest) -> dict[str, Any]:
    """Return the joined members with name and avatar."""
    return {"joined": await queries.joined_members(door.queries, asker, query.room_id)}


async def joined_rooms(door: Door, asker: Asker, query: Empty) -> dict[str, Any]:
    """Return the rooms that the asker is joined to."""
    return {"joined_rooms": await queries.joined_rooms(door.queries, asker)}


async def _room(door: Door, name: str) -> RoomId:
    return RoomId(name) if name.startswith("!") else await directory.room_of(door.queries, Alias(name))


def _position(text: str | None) -> Position | None:
    if not text:
        return None
    found = position_from(text, "at")
    if isinstance(found, Refusal):
        raise Refused(found)
    return found


_V3 = "/_matrix/client/v3"
_ROOM = "/rooms/{room_id}"


def _write(path: str, request: type[Any], response: Any, serve: Any) -> Endpoint:
    """Most changes here are a POST whose body may be missing."""
    return Endpoint("POST", _V3 + path, "user", "write", request, response, serve, body_optional=True)


def _read(path: str, request: type[Any], response: Any, serve: Any, *aliases: str) -> Endpoint:
    return Endpoint("GET", _V3 + path, "user", "read", request, response, serve, aliases=aliases)


_STATE = _ROOM + "/state/{event_type}"

ENDPOINTS = (
    _write("/createRoom", CreateRequest, InRoom, create),
    _write(_ROOM + "/join", RoomRequest, InRoom, join),
    _write("/join/{room_id_or_alias}", RoomOrAliasRequest, InRoom, join_any),
    _write("/knock/{room_id_or_alias}", RoomOrAliasRequest, InRoom, knock),
    _write(_ROOM + "/leave", RoomRequest, Empty, leave),
    _write(_ROOM + "/forget", RoomRequest, Empty, forget),
    _write(_ROOM + "/invite", InviteRequest, Empty, invite),
    _write(_ROOM + "/kick", MemberRequest, Empty, kick),
    _write(_ROOM + "/ban", MemberRequest, Empty, ban),
    _write(_ROOM + "/unban", MemberRequest, Empty, unban),
    Endpoint("POST", f"{_V3}{_ROOM}/upgrade", "user", "write", UpgradeRequest, Upgraded, upgrade),
    _read(_ROOM + "/state", ReadRequest, list[msgspec.Raw], state),
    # An empty state key works with and without the slash behind the type (section Getting events for a room).
    _read(
        _STATE + "/{state_key}",
        StateRequest,
        msgspec.Raw,
        state_event,
        _V3 + _STATE,
    ),
    Endpoint(
        "PUT",
        _V3 + _STATE + "/{state_key}",
        "user",
        "send",
        SetStateRequest,
        Created,
        set_state,
        aliases=(_V3 + _STATE,),
    ),
    _read(_ROOM + "/members", MembersRequest, dict[str, Any], members),
    _read(_ROOM + "/joined_members", ReadRequest, dict[str, Any], joined_members),
    _read("/joined_rooms", Empty, dict[str, Any], joined_rooms),
)
