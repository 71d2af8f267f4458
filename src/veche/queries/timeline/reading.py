"""Reading the timeline: one event, what surrounds it, pages, the event nearest to a time."""

import msgspec

from veche.domain.account_data import RoomEventFilter
from veche.domain.events import MEMBER
from veche.domain.ids import EventId, Position, RoomId
from veche.domain.refusals import Refused, not_found
from veche.domain.sessions import Asker
from veche.domain.timeline import Event
from veche.queries.context import ReadContext
from veche.queries.timeline.paging import Page, keeps, page_back, page_forth
from veche.queries.timeline.presenting import present
from veche.queries.timeline.sight import Sight, sight_of
from veche.storage import rooms, timeline
from veche.storage.reader import Snapshot
from veche.storage.rows import Rows

MOST_AT_ONCE = 1000
NO_EVENT = not_found("There is no such event, or you may not see it.")
NOTHING_THERE = not_found("There is no event in that direction.")


class Messages(msgspec.Struct, frozen=True, omit_defaults=True):
    """``GET /rooms/{room_id}/messages``: a page, where it starts and ends, and the members a lazy client needs."""

    start: str
    chunk: list[msgspec.Raw]
    end: str | None = None
    state: list[msgspec.Raw] = []


class Context(msgspec.Struct, frozen=True, omit_defaults=True):
    """``GET /rooms/{room_id}/context/{event_id}``: an event, what came before and after, the state at the end."""

    start: str
    end: str
    event: msgspec.Raw
    events_before: list[msgspec.Raw]
    events_after: list[msgspec.Raw]
    state: list[msgspec.Raw]


class NearestEvent(msgspec.Struct, frozen=True):
    """``GET /rooms/{room_id}/timestamp_to_event``."""

    event_id: EventId
    origin_server_ts: int


async def event(ctx: ReadContext, asker: Asker, room: RoomId, event_id: EventId) -> msgspec.Raw:
    """Return one event. Raises 404 where it is unknown or hidden from the asker (section Getting events for a room)."""

    def read(at: Snapshot) -> msgspec.Raw:
        sight = Sight(at, room, asker.user)
        found = _told_event(at, sight, event_id)
        return shown(at, sight, asker, [found], ctx.clock())[0]

    return await ctx.reader.run(read)


async def event_of_any_room(ctx: ReadContext, asker: Asker, event_id: EventId) -> msgspec.Raw:
    """Return one event, wherever it was sent. Raises 404 as ``event`` does (deprecated ``GET /events/{eventId}``)."""

    def read(at: Snapshot) -> msgspec.Raw:
        found = timeline.find_all(at, [event_id]).get(event_id)
        sight = Sight(at, found.room_id, asker.user) if found is not None else None
        if found is None or sight is None or not _is_told(sight, found):
            raise Refused(NO_EVENT)
        return shown(at, sight, asker, [found], ctx.clock())[0]

    return await ctx.reader.run(read)


async def messages(
    ctx: ReadContext,
    asker: Asker,
    room: RoomId,
    *,
    start: Position | None,
    stop: Position | None,
    backwards: bool,
    limit: int,
    filter: RoomEventFilter,
) -> Messages:
    """Return a page of a room's log. Raises 403 where the asker may see nothing of it (section Syncing, paging)."""

    def read(at: Snapshot) -> Messages:
        sight = sight_of(at, room, asker.user)
        begin = start if start is not None else (at.position if backwards else Position(0))
        keep = keeps(at, filter, sight.ignored)
        most = max(1, min(limit, MOST_AT_ONCE))
        if backwards:
            page = page_back(at, sight, begin, most, keep, stop or Position(0))
        else:
            page = page_forth(at, sight, begin, most, keep, stop)
        return _messages(at, sight, asker, begin, page, ctx.clock(), filter.lazy_load_members)

    return await ctx.reader.run(read)


async def context(
    ctx: ReadContext, asker: Asker, room: RoomId, event_id: EventId, limit: int, filter: RoomEventFilter
) -> Context:
    """Return what surrounds an event: half of ``limit`` before, half after. Raises 404 where it is hidden."""

    def read(at: Snapshot) -> Context:
        sight = Sight(at, room, asker.user)
        found = _told_event(at, sight, event_id)
        keep, half = keeps(at, filter, sight.ignored), max(0, min(limit, MOST_AT_ONCE)) // 2
        before = page_back(at, sight, Position(found.position - 1), half, keep) if half else Page([], None)
        after = page_forth(at, sight, found.position, half, keep) if half else Page([], None)
        oldest = before.end if before.end is not None else Position(found.position - 1 if half == 0 else 0)
        newest = (after.events[-1] if after.events else found).position
        now = ctx.clock()
        return Context(
            str(oldest),
            str(newest),
            shown(at, sight, asker, [found], now)[0],
            shown(at, sight, asker, before.events, now),
            shown(at, sight, asker, after.events, now),
            _state(at, sight, asker, newest, [found, *before.events, *after.events], now, filter),
        )

    return await ctx.reader.run(read)


async def event_by_time(ctx: ReadContext, asker: Asker, room: RoomId, ts: int, *, forwards: bool) -> NearestEvent:
    """Return the event nearest to ``ts`` (milliseconds) in one direction. Raises 404 where there is none."""

    def read(at: Snapshot) -> NearestEvent:
        sight = sight_of(at, room, asker.user)
        found = [
            event
            for visible in sight.ranges
            if (
                event := timeline.around_time(
                    at, room, ts, forwards=forwards, after=Position(visible.first - 1), until=visible.last
                )
            )
        ]
        if not found:
            raise Refused(NOTHING_THERE)
        nearest = min(found, key=lambda event: (abs(event.ts - ts), event.position))
        if not _is_told(sight, nearest):
            nearest = _next_told(at, sight, nearest, forwards=forwards)
        return NearestEvent(nearest.event_id, nearest.ts)

    return await ctx.reader.run(read)


def _next_told(rows: Rows, sight: Sight, hidden: Event, *, forwards: bool) -> Event:
    """Return the nearest event behind one of an ignored person, in one direction; raises 404 where there is none."""
    keep = keeps(rows, RoomEventFilter(), sight.ignored)
    page = (page_forth if forwards else page_back)(rows, sight, hidden.position, 1, keep)
    if not page.events:
        raise Refused(NOTHING_THERE)
    return page.events[0]


def visible_event(rows: Rows, sight: Sight, event_id: EventId) -> Event:
    """Return an event that the asker may see; raises 404 otherwise."""
    found = timeline.find(rows, sight.room, event_id)
    if found is None or not sight.sees(found.position):
        raise Refused(NO_EVENT)
    return found


def _told_event(rows: Rows, sight: Sight, event_id: EventId) -> Event:
    """Return an event that the asker may see and is told of; raises 404 otherwise."""
    found = timeline.find(rows, sight.room, event_id)
    if found is None or not _is_told(sight, found):
        raise Refused(NO_EVENT)
    return found


def _is_told(sight: Sight, event: Event) -> bool:
    """Nobody is sent what those wrote whom they ignore, but for state (section Ignoring Users)."""
    return sight.sees(event.position) and (event.state_key is not None or event.sender not in sight.ignored)


def shown(rows: Rows, sight: Sight, asker: Asker, events: list[Event], now: int) -> list[msgspec.Raw]:
    """Return events as the asker reads them, each with its room."""
    return [msgspec.Raw(text) for text in present(rows, sight, asker.device, events, now, with_room=True)]


def _messages(at: Snapshot, sight: Sight, asker: Asker, begin: Position, page: Page, now: int, lazy: bool) -> Messages:
    members = _members_of(at, sight, page.events) if lazy else []
    return Messages(
        str(begin),
        shown(at, sight, asker, page.events, now),
        None if page.end is None else str(page.end),
        shown(at, sight, asker, members, now),
    )


def _members_of(at: Snapshot, sight: Sight, events: list[Event]) -> list[Event]:
    """The membership events of those who wrote ``events``, not newer than what the reader may see of the room."""
    senders, last = dict.fromkeys(event.sender for event in events), sight.ranges[-1].last
    if last == at.position:
        return timeline.at_positions(at, list(rooms.current_pieces_of(at, sight.room, MEMBER, senders).values()))
    found = [rooms.position_of(at, sight.room, MEMBER, sender, last) for sender in senders]
    return timeline.at_positions(at, [position for position in found if position is not None])


def _state(
    at: Snapshot,
    sight: Sight,
    asker: Asker,
    position: Position,
    events: list[Event],
    now: int,
    filter: RoomEventFilter,
) -> list[msgspec.Raw]:
    lazy = filter.lazy_load_members
    positions = rooms.state_positions(at, sight.room, position)
    senders = {event.sender for event in events}
    wanted = [found for (kind, key), found in positions.items() if not lazy or kind != MEMBER or key in senders]
    state = [event for event in timeline.at_positions(at, wanted) if filter.passes_event(event)]
    return shown(at, sight, asker, state, now)
