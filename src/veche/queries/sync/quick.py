"""Answers from memory: what almost every waiting client gets when somebody writes in a room.

Composes the same bytes as the general path, or says that the general path is needed. A room's timeline is
encoded once and shared by all who may have the same bytes (law 7).
"""

from functools import lru_cache
from typing import Final

import msgspec

from veche.domain.events import REDACTION
from veche.domain.facts import Entry, Fact
from veche.domain.ids import Position, RoomId
from veche.domain.sessions import Asker
from veche.domain.timeline import Event
from veche.live.notifier import Feed
from veche.queries.context import ReadContext
from veche.queries.sync import presence
from veche.queries.sync.counting import Count
from veche.queries.sync.reply import RoomParts, answer_json, room_json, rooms_json
from veche.queries.sync.sharing import receipts_of, timeline_of
from veche.queries.sync.state import NEVER
from veche.queries.sync.typing import event
from veche.queries.sync.wish import SyncToken, SyncWish


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
    typing = typing_since(ctx, feed, since)
    statuses = presence.from_memory(ctx, feed, wish.filter.presence, since)
    if statuses is None:
        return GENERAL
    return _compose(ctx, feed, asker, wish, entries, typing, statuses) if entries or typing or statuses else None


def typing_since(ctx: ReadContext, feed: Feed, since: SyncToken) -> set[RoomId]:
    """Return the rooms of a feed's owner in which typing started or ended after a token of this boot."""
    if since.live >= ctx.live.typing.newest:
        return set()
    return feed.rooms.keys() & set(ctx.live.typing.changed_since(since.live))


def _compose(
    ctx: ReadContext,
    feed: Feed,
    asker: Asker,
    wish: SyncWish,
    entries: list[Entry],
    typing: set[RoomId],
    statuses: bytes,
) -> bytes | General:
    keys = ctx.live.key_counts.find(asker.user, asker.device)
    by_room = _by_room(feed, wish, entries)
    if keys is None or by_room is None:
        return GENERAL
    for room in typing:
        by_room.setdefault(room, _News())
    joined = []
    for room, news in by_room.items():
        text = _room(ctx, feed, asker, wish, room, news, room in typing)
        if text is None:
            return GENERAL
        joined.append((room, text))
    top = [(b"device_one_time_keys_count", keys[0]), (b"device_unused_fallback_key_types", keys[1])]
    if statuses:
        top.append((b"presence", statuses))
    return answer_json(token_at(ctx, ctx.live.notifier.head), top, [(b"join", rooms_json(joined))] if joined else [])


def token_at(ctx: ReadContext, position: Position) -> bytes:
    """Return the token of a device that has been told everything up to ``position``."""
    return _token(position, ctx.live.boot, ctx.live.counter.now)


@lru_cache(maxsize=64)
def _token(position: Position, boot: str, live: int) -> bytes:
    return str(SyncToken(position, position, boot, live)).encode()


class _News:
    """What happened in one room: messages, with their places in the log, and receipts."""

    __slots__ = ("entries", "events", "receipts")

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.events: list[Event] = []
        self.receipts: list[Entry] = []


def _by_room(feed: Feed, wish: SyncWish, entries: list[Entry]) -> dict[RoomId, _News] | None:
    """Sort messages and receipts by room; None where anything else is among them."""
    assert wish.since is not None
    found: dict[RoomId, _News] = {}
    for entry in entries:
        fact = entry.fact
        room = fact.room
        if room is None or not _is_simple(fact):
            return None
        news = found.get(room)
        if news is None:
            if feed.rooms.get(room, entry.position) > wish.since.position:
                return None
            news = found[room] = _News()
        if fact.kind == "event":
            news.entries.append(entry)
            news.events.append(fact.body)
        else:
            news.receipts.append(entry)
    return found


def _is_simple(fact: Fact) -> bool:
    """Say whether everybody in the room is told a fact in the same words."""
    if fact.kind == "event":
        return fact.body.state_key is None and fact.body.type != REDACTION
    return fact.kind == "receipt"


def _room(
    ctx: ReadContext,
    feed: Feed,
    asker: Asker,
    wish: SyncWish,
    room: RoomId,
    news: _News,
    typing: bool,
) -> bytes | None:
    """Return one room's object, or None where memory does not know enough."""
    count: Count | None = feed.counts.get(room)
    if count is None or not count.follows or not _is_plain(feed, asker, wish, room, news.events):
        return None
    timeline = timeline_of(ctx, asker, news.events)
    if timeline is None:
        return None
    for entry in news.entries:
        if entry.position > count.position:
            count.follow(asker.user, entry)
    ephemeral = list(receipts_of(ctx, news.receipts)) if news.receipts else []
    if typing:
        ephemeral.append(bytes(event(ctx.live.typing.users(room))))
    by_thread = wish.filter.room.timeline.unread_thread_notifications
    unread = count.json(by_thread=by_thread)
    return room_json(RoomParts(timeline, None, wish.wants_state_after, None, ephemeral, (), unread))


def _is_plain(feed: Feed, asker: Asker, wish: SyncWish, room: RoomId, events: list[Event]) -> bool:
    """Say whether the asker gets all these events, without a gap and without member events beside them."""
    shape = wish.filter.room
    if not shape.timeline.is_open or not shape.ephemeral.is_open or not shape.passes_room(room):
        return False
    if len(events) > wish.filter.timeline_limit:
        return False
    if not shape.state.lazy_load_members:
        return True
    return not shape.state.include_redundant_members and _knows_writers(feed, asker, wish, room, events)


def _knows_writers(feed: Feed, asker: Asker, wish: SyncWish, room: RoomId, events: list[Event]) -> bool:
    """Say whether the token proves that the device was given the membership events of all who wrote these."""
    assert wish.since is not None
    known, since = feed.known.get(asker.device, {}).get(room, {}), wish.since.position
    return all(known.get(event.sender, NEVER) <= since for event in events)
