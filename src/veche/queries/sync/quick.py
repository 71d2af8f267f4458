"""Answers from memory: what almost every waiting client gets when somebody writes in a room.

Composes the same bytes as the general path, or says that the general path is needed. A room's timeline is
encoded once and shared by all who may have the same bytes (law 7).
"""

from functools import lru_cache
from typing import Final

import msgspec

from veche.domain.events import REDACTION
from veche.domain.facts import Entry
from veche.domain.ids import Position, RoomId
from veche.domain.sessions import Asker
from veche.domain.timeline import Event, client_json, content_of, relation_of
from veche.live.notifier import Feed
from veche.queries.context import ReadContext
from veche.queries.sync.counting import Count
from veche.queries.sync.reply import RoomParts, answer_json, room_json, rooms_json, timeline_json
from veche.queries.sync.wish import SyncToken, SyncWish
from veche.queries.timeline.presenting import unsigned


class General(msgspec.Struct, frozen=True):
    """Memory does not hold the answer: read the database."""


GENERAL: Final = General()


def quick_answer(ctx: ReadContext, feed: Feed, asker: Asker, wish: SyncWish) -> bytes | General | None:
    """Answer from memory. None means that nothing is new, ``GENERAL`` that the database must be asked."""
    since = wish.since
    if since is None or wish.full_state or since.boot != ctx.live.boot or since.inbox != since.position:
        return GENERAL
    entries = feed.newer_than(since.position)
    if entries is None or since.position > ctx.live.notifier.head:
        return GENERAL
    typing = ctx.live.typing
    if since.live != typing.version and not feed.rooms.keys().isdisjoint(typing.changed_since(since.live)):
        return GENERAL
    return _compose(ctx, feed, asker, wish, entries) if entries else None


def _compose(ctx: ReadContext, feed: Feed, asker: Asker, wish: SyncWish, entries: list[Entry]) -> bytes | General:
    keys = ctx.live.key_counts.find(asker.user, asker.device)
    by_room = _by_room(feed, wish, entries)
    if keys is None or by_room is None:
        return GENERAL
    joined = []
    for room, some in by_room.items():
        text = _room(ctx, feed, asker, wish, room, some)
        if text is None:
            return GENERAL
        joined.append((room, text))
    top = [(b"device_one_time_keys_count", keys[0]), (b"device_unused_fallback_key_types", keys[1])]
    return answer_json(token_at(ctx, ctx.live.notifier.head), top, [(b"join", rooms_json(joined))])


def token_at(ctx: ReadContext, position: Position) -> bytes:
    """Return the token of a device that has been told everything up to ``position``."""
    return _token(position, ctx.live.boot, ctx.live.typing.version)


@lru_cache(maxsize=64)
def _token(position: Position, boot: str, live: int) -> bytes:
    return str(SyncToken(position, position, boot, live)).encode()


def _by_room(feed: Feed, wish: SyncWish, entries: list[Entry]) -> dict[RoomId, list[Entry]] | None:
    """Sort plain messages by room; None where anything else is among them."""
    assert wish.since is not None
    found: dict[RoomId, list[Entry]] = {}
    for entry in entries:
        fact = entry.fact
        if fact.kind != "event" or fact.body.state_key is not None or fact.body.type == REDACTION:
            return None
        room = fact.body.room_id
        if room not in found:
            if feed.rooms.get(room, entry.position) > wish.since.position:
                return None
            found[room] = []
        found[room].append(entry)
    return found


def _room(
    ctx: ReadContext, feed: Feed, asker: Asker, wish: SyncWish, room: RoomId, entries: list[Entry]
) -> bytes | None:
    """Return one room's object, or None where memory does not know enough."""
    count: Count | None = feed.counts.get(room)
    events = [entry.fact.body for entry in entries]
    if count is None or not _is_plain(feed, asker, wish, room, events):
        return None
    timeline = _timeline(ctx, asker, events)
    if timeline is None:
        return None
    for entry in entries:
        if entry.position > count.position:
            count.follow(asker.user, entry)
    by_thread = wish.filter.room.timeline.unread_thread_notifications
    parts = RoomParts(timeline, state_is_after=wish.wants_state_after, unread=count.json(by_thread=by_thread))
    return room_json(parts)


def _is_plain(feed: Feed, asker: Asker, wish: SyncWish, room: RoomId, events: list[Event]) -> bool:
    """Say whether the asker gets all these events, without a gap and without member events beside them."""
    shape = wish.filter.room
    if len(events) > wish.filter.timeline_limit or not shape.timeline.is_open or not shape.passes_room(room):
        return False
    if not shape.state.lazy_load_members:
        return True
    known = feed.known.get(asker.device, {}).get(room, frozenset())
    return not shape.state.include_redundant_members and known.issuperset([event.sender for event in events])


def _timeline(ctx: ReadContext, asker: Asker, events: list[Event]) -> bytes | None:
    """The shared fragment, or one of the asker's own where their device sent an event and knows its transaction."""
    now = ctx.clock()
    for event in events:
        if event.sender == asker.user and event.device == asker.device:
            return None if _needs_bundling(events) else _encoded(events, asker, now)
    return _shared(ctx, events, now)


def _shared(ctx: ReadContext, events: list[Event], now: int) -> bytes | None:
    """Return the timeline of these events for members who sent none of them, encoded once for all of those."""
    key = (events[0].room_id, events[0].position, events[-1].position, len(events))
    kept = ctx.live.fragments.find(key)
    if kept is None:
        kept = (None if _needs_bundling(events) else _encoded(events, None, now),)
        ctx.live.fragments.put(key, kept[0])
    return kept[0]


def _encoded(events: list[Event], asker: Asker | None, now: int) -> bytes:
    texts = []
    for event in events:
        device = asker.device if asker is not None and event.sender == asker.user else None
        texts.append(client_json(event, unsigned(event, now, "join", device), with_room=False))
    return timeline_json(texts, limited=False, prev_batch=Position(events[0].position - 1))


def _needs_bundling(events: list[Event]) -> bool:
    """Say whether one of the events points at another of them."""
    ids = {event.event_id for event in events}
    for event in events:
        if b'"m.relates_to"' in event.json:
            relation = relation_of(content_of(event))
            if relation is not None and relation.parent in ids:
                return True
    return False
