"""The loop of a sync: listen, answer from memory or from one snapshot, or wait and look again."""

import time

import msgspec

from veche.domain.refusals import Refusal, Refused
from veche.domain.sessions import Asker
from veche.live.notifier import Feed, wait
from veche.live.presence import Person
from veche.queries.context import ReadContext
from veche.queries.sessions import still_valid
from veche.queries.sync import keys, presence
from veche.queries.sync.counting import keep
from veche.queries.sync.general import Answer, Circumstances, general_answer
from veche.queries.sync.quick import General, quick_answer, token_at, typing_since
from veche.queries.sync.reply import answer_json
from veche.queries.sync.wish import SyncToken, SyncWish
from veche.storage import rooms

LONGEST_MS = 180_000
_OPENINGS = 5
BUSY = Refusal("M_UNKNOWN", 503, "The server is overloaded; please try again.", extra={"retry_after_ms": 1000})


async def answer(ctx: ReadContext, asker: Asker, wish: SyncWish) -> bytes:
    """Return the answer to one ``/sync``, waiting up to ``wish.timeout_ms`` for news (section Syncing).

    Raises 401 where the session ends while it waits.
    """
    shown = ctx.live.presence.touch(asker.user, asker.device, wish.presence)
    deadline = time.monotonic() + min(wish.timeout_ms, LONGEST_MS) / 1000
    while True:
        feed = await feed_of(ctx, asker)
        quick = quick_answer(ctx, feed, asker, wish)
        if isinstance(quick, bytes):
            return quick
        if isinstance(quick, General):
            found = await _general(ctx, feed, asker, wish)
            if not found.is_empty or wish.since is None or wish.full_state or _keys_changed(feed, asker, wish.since):
                return found.body
            wish = msgspec.structs.replace(wish, since=found.token)
            if not _has_been_told_all(ctx, feed, asker, found.token):
                continue
        remaining = deadline - time.monotonic()
        if remaining <= 0 or ctx.live.notifier.closing:
            return await _nothing(ctx, asker, wish)
        if await wait(feed, asker.device, remaining, shown):
            await still_valid(ctx, asker)


async def feed_of(ctx: ReadContext, asker: Asker) -> Feed:
    """Return the asker's feed, opened where it is not yet: listening comes before reading."""
    for _ in range(_OPENINGS):
        feed = ctx.live.notifier.feed(asker.user)
        if feed is not None:
            return feed
        joined, position = await ctx.reader.run(lambda at: (rooms.joined_since(at, asker.user), at.position))
        ctx.live.notifier.open(asker.user, joined, position)
    raise Refused(BUSY)


def _has_been_told_all(ctx: ReadContext, feed: Feed, asker: Asker, until: SyncToken) -> bool:
    """Say whether nothing came while the database was read; whoever waits now has listened all the time."""
    is_open = ctx.live.notifier.feed(asker.user) is feed
    is_told = feed.told <= until.live and not typing_since(ctx, feed, until)
    return is_open and is_told and feed.newer_than(until.position) == []


def _keys_changed(feed: Feed, asker: Asker, since: SyncToken) -> bool:
    """Say whether the device's own key counts, which stand in every answer, changed since a token."""
    entries = feed.newer_than(since.position) or []
    return any(entry.fact.kind == "one_time_keys" and entry.fact.device == asker.device for entry in entries)


async def _general(ctx: ReadContext, feed: Feed, asker: Asker, wish: SyncWish) -> Answer:
    circumstances = circumstances_of(ctx, feed, asker, wish)
    generation = ctx.live.key_counts.generation
    found = await ctx.reader.run(general_answer(ctx, asker, wish, circumstances))
    ctx.live.key_counts.put(asker.user, asker.device, found.keys, generation)
    feed.known.setdefault(asker.device, {}).update(found.known)
    keep(feed, found.counts, found.token.position, wish.filter.room)
    if feed.ignored is None or feed.ignored[0] < found.token.position:
        feed.ignored = (found.token.position, found.ignored)
    return found


def circumstances_of(ctx: ReadContext, feed: Feed, asker: Asker, wish: SyncWish) -> Circumstances:
    """Return what memory adds to a question, as it is before a snapshot is read."""
    typing, since = ctx.live.typing, wish.since
    changed, people = typing.active(), list[Person]()
    if since is not None and since.boot == ctx.live.boot:
        entered = [room for room in changed if feed.rooms.get(room, since.position) > since.position]
        changed = [*typing.changed_since(since.live), *entered]
        people = ctx.live.presence.told_since(since.live)
    typists = {room: typing.users(room) for room in changed if room in feed.rooms}
    around = presence.around(ctx, feed) if since is None else None
    known = dict(feed.known.get(asker.device, {}))
    return Circumstances(typists, people, around, ctx.live.counter.now, known)


async def _nothing(ctx: ReadContext, asker: Asker, wish: SyncWish) -> bytes:
    """The answer when time has run out: the token moves on, since nothing before it concerned the asker.

    The token is made before anything is awaited: what comes meanwhile is for the next request.
    """
    token = _token_now(ctx, wish)
    found = ctx.live.key_counts.find(asker.user, asker.device)
    return _token_only(token, found if found is not None else await _read_key_counts(ctx, asker))


def nothing_new(ctx: ReadContext, asker: Asker, wish: SyncWish) -> bytes | None:
    """Return the answer that only moves the token on; None where the device's key counts are not known."""
    counts = ctx.live.key_counts.find(asker.user, asker.device)
    return _token_only(_token_now(ctx, wish), counts) if counts is not None else None


def _token_now(ctx: ReadContext, wish: SyncWish) -> bytes:
    assert wish.since is not None
    return token_at(ctx, max(wish.since.position, ctx.live.notifier.head))


def _token_only(token: bytes, counts: tuple[bytes, bytes]) -> bytes:
    top = [(b"device_one_time_keys_count", counts[0]), (b"device_unused_fallback_key_types", counts[1])]
    return answer_json(token, top, [])


async def _read_key_counts(ctx: ReadContext, asker: Asker) -> tuple[bytes, bytes]:
    generation = ctx.live.key_counts.generation
    found = await ctx.reader.run(lambda at: keys.counts(at, asker))
    ctx.live.key_counts.put(asker.user, asker.device, found, generation)
    return found
