"""``/sync``, and what older clients call instead: ``/initialSync``, ``/events``."""

from typing import Literal

import msgspec

from veche.api.http.contract import Door, Endpoint
from veche.api.http.requests import decode
from veche.commands.encryption.to_device import delete_delivered
from veche.domain.account_data import Filter, filter_from
from veche.domain.ids import EventId, RoomId
from veche.domain.refusals import Refusal, Refused
from veche.domain.sessions import Asker
from veche.queries import account_data, timeline
from veche.queries.sync.initial import InitialSync, RoomInfo, initial_sync, room_initial_sync
from veche.queries.sync.loop import answer
from veche.queries.sync.news import News, NewsWish, news
from veche.queries.sync.wish import SyncToken, SyncWish, position_from, token_from

LONGEST_KEPT = 2_048
"""Characters of a filter that is written in the request itself and remembered for the next one."""


class SyncRequest(msgspec.Struct, frozen=True):
    """``GET /sync``; ``timeout`` in milliseconds."""

    filter: str | None = None
    since: str | None = None
    full_state: bool = False
    set_presence: Literal["offline", "online", "unavailable"] = "online"
    timeout: int = 0
    use_state_after: bool = False


class InitialRequest(msgspec.Struct, frozen=True):
    """``GET /initialSync``; ``archived`` asks for the rooms that were left as well."""

    limit: int = 10
    archived: bool = False


class RoomInitialRequest(msgspec.Struct, frozen=True):
    """``GET /rooms/{roomId}/initialSync``."""

    room_id: RoomId
    limit: int = 10


class NewsRequest(msgspec.Struct, frozen=True, rename={"start": "from"}):
    """``GET /events``; ``timeout`` in milliseconds."""

    start: str | None = None
    timeout: int = 0
    room_id: RoomId | None = None


class EventRequest(msgspec.Struct, frozen=True):
    """``GET /events/{eventId}``."""

    event_id: EventId


async def sync(door: Door, asker: Asker, query: SyncRequest) -> msgspec.Raw:
    """Answer with what is new since the token, or with everything (section Syncing)."""
    since = token_from(query.since) if query.since else None
    wish = SyncWish(
        since,
        await filter_of(door, asker, query.filter),
        query.full_state,
        query.use_state_after,
        max(0, query.timeout),
        query.set_presence,
    )
    forget_delivered(door, asker, since)
    return msgspec.Raw(await answer(door.queries, asker, wish))


async def everything(door: Door, asker: Asker, query: InitialRequest) -> InitialSync:
    """Answer with everything, in the older shape (section Syncing, deprecated)."""
    return await initial_sync(door.queries, asker, query.limit, archived=query.archived)


async def whole_room(door: Door, asker: Asker, query: RoomInitialRequest) -> RoomInfo:
    """Return one room with its state and newest messages, also to those outside where the world may read it."""
    return await room_initial_sync(door.queries, asker, query.room_id, query.limit)


async def events(door: Door, asker: Asker, query: NewsRequest) -> News:
    """Return what was written into rooms since the token ``from``, or into one that the asker need not have joined.

    Without the token that is what comes from now on (section Room previews; for all rooms deprecated).
    """
    found = position_from(query.start, "from") if query.start else None
    if isinstance(found, Refusal):
        raise Refused(found)
    return await news(door.queries, asker, NewsWish(found, query.room_id, max(0, query.timeout)))


async def event(door: Door, asker: Asker, query: EventRequest) -> msgspec.Raw:
    """Return one event, whatever room it was sent to (deprecated)."""
    return await timeline.event_of_any_room(door.queries, asker, query.event_id)


async def filter_of(door: Door, asker: Asker, text: str | None) -> Filter:
    """Return the filter that a request names: none, one written in the request itself, or one stored under an id."""
    if not text:
        return Filter()
    known = door.queries.live.filters
    if not text.startswith("{"):
        return await account_data.filter_of(door.queries, asker, text, known)
    found = filter_from(decode(text.encode()))
    if isinstance(found, Refusal):
        raise Refused(found)
    if len(text) <= LONGEST_KEPT:
        known.put(asker.user, text, found)
    return found


def forget_delivered(door: Door, asker: Asker, since: SyncToken | None) -> None:
    """A request that bears a token says that everything up to it has arrived (law 8); nobody waits for the deletion."""
    if since is not None and not door.queries.live.inboxes.find(asker.user, asker.device):
        door.soon(delete_delivered(door.commands, asker, since.inbox))


ENDPOINTS = (
    Endpoint(
        "GET",
        "/_matrix/client/v3/sync",
        "user",
        "sync",
        SyncRequest,
        msgspec.Raw,
        sync,
    ),
    Endpoint("GET", "/_matrix/client/v3/initialSync", "user", "read", InitialRequest, InitialSync, everything),
    Endpoint(
        "GET",
        "/_matrix/client/v3/rooms/{room_id}/initialSync",
        "user",
        "read",
        RoomInitialRequest,
        RoomInfo,
        whole_room,
    ),
    Endpoint("GET", "/_matrix/client/v3/events", "user", "sync", NewsRequest, News, events),
    Endpoint("GET", "/_matrix/client/v3/events/{event_id}", "user", "read", EventRequest, msgspec.Raw, event),
)
