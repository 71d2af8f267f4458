"""Reporting events, rooms and people to the administrators (section Reporting Content)."""

from typing import Any

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.commands import moderation as commands
from veche.domain.ids import EventId, RoomId, UserId
from veche.domain.sessions import Asker


class EventReport(msgspec.Struct, frozen=True):
    """Why an event is reported; ``score`` was dropped by the specification, and older clients send it."""

    reason: str | None = None
    score: Any = None


class Reason(msgspec.Struct, frozen=True):
    """Why a room or a person is reported; may be blank."""

    reason: str


class EventReportRequest(msgspec.Struct, frozen=True):
    """``POST /rooms/{roomId}/report/{eventId}``."""

    room_id: RoomId
    event_id: EventId
    body: EventReport


class RoomReportRequest(msgspec.Struct, frozen=True):
    """``POST /rooms/{roomId}/report``."""

    room_id: RoomId
    body: Reason


class UserReportRequest(msgspec.Struct, frozen=True):
    """``POST /users/{userId}/report``."""

    user_id: UserId
    body: Reason


async def report_event(door: Door, asker: Asker, query: EventReportRequest) -> Empty:
    """Report an event of a joined room."""
    body = query.body
    await commands.report_event(door.commands, asker, query.room_id, query.event_id, body.reason or "", body.score)
    return Empty()


async def report_room(door: Door, asker: Asker, query: RoomReportRequest) -> Empty:
    """Report a room; the answer does not tell whether there is such a room."""
    await commands.report_room(door.commands, asker, query.room_id, query.body.reason)
    return Empty()


async def report_user(door: Door, asker: Asker, query: UserReportRequest) -> Empty:
    """Report somebody; the answer does not tell whether they are here."""
    await commands.report_user(door.commands, asker, query.user_id, query.body.reason)
    return Empty()


def _endpoint(path: str, request: type[Any], serve: Any) -> Endpoint:
    return Endpoint("POST", f"/_matrix/client/v3{path}", "user", "report", request, Empty, serve)


ENDPOINTS = (
    _endpoint("/rooms/{room_id}/report/{event_id}", EventReportRequest, report_event),
    _endpoint("/rooms/{room_id}/report", RoomReportRequest, report_room),
    _endpoint("/users/{user_id}/report", UserReportRequest, report_user),
)
