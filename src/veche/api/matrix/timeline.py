"""Timeline: send, redact, read."""

from typing import Literal

import msgspec

from veche.api.http.contract import Door, Endpoint
from veche.api.http.requests import decode
from veche.commands import timeline as commands
from veche.domain.account_data import RoomEventFilter, room_filter_from
from veche.domain.events import Content, Draft
from veche.domain.ids import EventId, Position, RoomId
from veche.domain.refusals import Refusal, Refused
from veche.domain.sessions import Asker
from veche.queries import timeline as queries
from veche.queries.sync.wish import position_from
from veche.queries.timeline.relating import RelationsWish
from veche.queries.timeline.threads import ThreadsWish, place_from


class Sent(msgspec.Struct, frozen=True):
    """The id of an event that is on disk."""

    event_id: EventId


class SendRequest(msgspec.Struct, frozen=True):
    """``PUT /rooms/{room_id}/send/{event_type}/{txn_id}``."""

    room_id: RoomId
    event_type: str
    txn_id: str
    body: Content


class Reason(msgspec.Struct, frozen=True):
    """Why an event is redacted."""

    reason: str | None = None


class RedactRequest(msgspec.Struct, frozen=True):
    """``PUT /rooms/{room_id}/redact/{event_id}/{txn_id}``."""

    room_id: RoomId
    event_id: EventId
    txn_id: str
    body: Reason


class EventRequest(msgspec.Struct, frozen=True):
    """``GET /rooms/{room_id}/event/{event_id}``."""

    room_id: RoomId
    event_id: EventId


class ContextRequest(msgspec.Struct, frozen=True):
    """``GET /rooms/{room_id}/context/{event_id}``."""

    room_id: RoomId
    event_id: EventId
    limit: int = 10
    filter: str | None = None


class MessagesRequest(msgspec.Struct, frozen=True, rename={"start": "from"}):
    """``GET /rooms/{room_id}/messages``."""

    room_id: RoomId
    dir: Literal["b", "f"]
    start: str | None = None
    to: str | None = None
    limit: int = 10
    filter: str | None = None


class RelationsRequest(msgspec.Struct, frozen=True, rename={"start": "from"}):
    """``GET /rooms/{room_id}/relations/{event_id}`` and its two narrower forms."""

    room_id: RoomId
    event_id: EventId
    dir: Literal["b", "f"] = "b"
    start: str | None = None
    to: str | None = None
    limit: int = 5
    recurse: bool = False
    rel_type: str | None = None
    event_type: str | None = None


class ThreadsRequest(msgspec.Struct, frozen=True, rename={"start": "from"}):
    """``GET /rooms/{room_id}/threads``."""

    room_id: RoomId
    include: Literal["all", "participated"] = "all"
    limit: int = 20
    start: str | None = None


class TimeRequest(msgspec.Struct, frozen=True):
    """``GET /rooms/{room_id}/timestamp_to_event``; ``ts`` in milliseconds."""

    room_id: RoomId
    ts: int
    dir: Literal["b", "f"]


async def send(door: Door, asker: Asker, query: SendRequest) -> Sent:
    """Send a message event; answered when it is on disk (section Sending events to a room)."""
    draft = Draft(query.event_type, query.body)
    return Sent(await commands.send_message(door.commands, asker, query.room_id, draft, query.txn_id))


async def redact(door: Door, asker: Asker, query: RedactRequest) -> Sent:
    """Redact an event (section Redactions)."""
    reason = query.body.reason
    event = await commands.redact_event(door.commands, asker, query.room_id, query.event_id, reason, query.txn_id)
    return Sent(event)


async def event(door: Door, asker: Asker, query: EventRequest) -> msgspec.Raw:
    """Return one event."""
    return await queries.event(door.queries, asker, query.room_id, query.event_id)


async def context(door: Door, asker: Asker, query: ContextRequest) -> queries.Context:
    """Return an event with what surrounds it (section Event context)."""
    wanted = event_filter(query.filter)
    return await queries.context(door.queries, asker, query.room_id, query.event_id, query.limit, wanted)


async def messages(door: Door, asker: Asker, query: MessagesRequest) -> queries.Messages:
    """Return a page of a room's history, backwards or forwards; ``start`` is what the client called it."""
    found = await queries.messages(
        door.queries,
        asker,
        query.room_id,
        start=_position(query.start, "from"),
        stop=_position(query.to, "to"),
        backwards=query.dir == "b",
        limit=query.limit,
        filter=event_filter(query.filter),
    )
    return msgspec.structs.replace(found, start=query.start) if query.start else found


async def relations(door: Door, asker: Asker, query: RelationsRequest) -> queries.Relations:
    """Return the events that point at one event (section Relationships API)."""
    wish = RelationsWish(
        query.event_id,
        query.rel_type,
        query.event_type,
        query.dir == "b",
        _position(query.start, "from"),
        _position(query.to, "to"),
        query.limit,
        query.recurse,
    )
    return await queries.relations(door.queries, asker, query.room_id, wish)


async def threads(door: Door, asker: Asker, query: ThreadsRequest) -> queries.Threads:
    """Return the roots of a room's threads, the latest thread first (section Querying threads in a room)."""
    start = place_from(query.start) if query.start else None
    if isinstance(start, Refusal):
        raise Refused(start)
    wish = ThreadsWish(query.include == "participated", start, query.limit)
    return await queries.threads(door.queries, asker, query.room_id, wish)


async def timestamp_to_event(door: Door, asker: Asker, query: TimeRequest) -> queries.NearestEvent:
    """Return the event nearest to a time, in one direction."""
    return await queries.event_by_time(door.queries, asker, query.room_id, query.ts, forwards=query.dir == "f")


def event_filter(text: str | None) -> RoomEventFilter:
    """Read a filter of events that stands in a query string."""
    if not text:
        return RoomEventFilter()
    found = room_filter_from(decode(text.encode()))
    if isinstance(found, Refusal):
        raise Refused(found)
    return found


def _position(text: str | None, field: str) -> Position | None:
    if not text:
        return None
    found = position_from(text, field)
    if isinstance(found, Refusal):
        raise Refused(found)
    return found


_ROOM = "/_matrix/client/v3/rooms/{room_id}"
_V1 = "/_matrix/client/v1/rooms/{room_id}"

ENDPOINTS = (
    Endpoint(
        "PUT",
        _ROOM + "/send/{event_type}/{txn_id}",
        "user",
        "send",
        SendRequest,
        Sent,
        send,
    ),
    Endpoint(
        "PUT",
        _ROOM + "/redact/{event_id}/{txn_id}",
        "user",
        "send",
        RedactRequest,
        Sent,
        redact,
        body_optional=True,
    ),
    Endpoint("GET", _ROOM + "/event/{event_id}", "user", "read", EventRequest, msgspec.Raw, event),
    Endpoint("GET", _ROOM + "/context/{event_id}", "user", "read", ContextRequest, queries.Context, context),
    Endpoint(
        "GET",
        _ROOM + "/messages",
        "user",
        "read",
        MessagesRequest,
        queries.Messages,
        messages,
    ),
    Endpoint(
        "GET",
        _V1 + "/relations/{event_id}",
        "user",
        "read",
        RelationsRequest,
        queries.Relations,
        relations,
        aliases=(
            _V1 + "/relations/{event_id}/{rel_type}",
            _V1 + "/relations/{event_id}/{rel_type}/{event_type}",
        ),
    ),
    Endpoint("GET", _V1 + "/threads", "user", "read", ThreadsRequest, queries.Threads, threads),
    Endpoint(
        "GET",
        _V1 + "/timestamp_to_event",
        "user",
        "read",
        TimeRequest,
        queries.NearestEvent,
        timestamp_to_event,
    ),
)
