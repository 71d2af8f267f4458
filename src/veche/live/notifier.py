"""Who waits for what: one feed per person who syncs, filled when a group has been committed.

A feed only points at entries of the log. Losing one costs a moment, never a message: whoever finds
a gap in a feed reads the database.
"""

import asyncio
import contextlib
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from veche.domain import events
from veche.domain.facts import Entry
from veche.domain.ids import DeviceId, Position, RoomId, UserId
from veche.domain.timeline import Event, content_of
from veche.live.counter import Counter
from veche.live.presence import Device
from veche.live.tail import Tail

LONGEST_FEED = 256
MOST_FEEDS = 20_000

Wake = Callable[[], None]


class Feed:
    """What is new for one person. Complete for every position in (floor, notifier's head].

    ``rooms`` maps each joined room to the position of the joining. ``counts`` (by room) and ``known`` (members
    whose events a device was given, by device) belong to whoever composes answers, as does ``ignored``: whom the
    person ignored at a position. ``told`` is the count at which a status of somebody around changed last.
    """

    __slots__ = ("counts", "entries", "floor", "ignored", "known", "rooms", "told", "user", "waiting")

    def __init__(self, user: UserId, floor: Position, rooms: dict[RoomId, Position], told: int = 0) -> None:
        self.user = user
        self.floor = floor
        self.rooms = rooms
        self.entries: list[Entry] = []
        self.waiting: set[Listener] = set()
        self.counts: dict[RoomId, Any] = {}
        self.known: dict[DeviceId, dict[RoomId, dict[str, Position]]] = {}
        self.ignored: tuple[Position, frozenset[UserId]] | None = None
        self.told = told

    def push(self, entry: Entry) -> None:
        """Add an entry; forget the older half when there are too many."""
        self.entries.append(entry)
        if len(self.entries) > LONGEST_FEED:
            self.floor = self.entries[LONGEST_FEED // 2 - 1].position
            del self.entries[: LONGEST_FEED // 2]

    def newer_than(self, since: Position) -> list[Entry] | None:
        """Return this person's entries after ``since``, or None where the feed does not reach back so far."""
        if since < self.floor:
            return None
        entries = self.entries
        if not entries or entries[-1].position <= since:
            return []
        return entries[bisect_right(entries, since, key=_position) :]


class Listener:
    """Somebody who waits: woken once, by news, by being sent away, or by the end of the server.

    ``shown`` is the record of the device where its waiting shows that its owner is here.
    """

    __slots__ = ("_shown", "_wake", "device", "feed")

    def __init__(self, feed: Feed, device: DeviceId | None, wake: Wake, shown: Device | None = None) -> None:
        self.feed = feed
        self.device = device
        self._wake = wake
        self._shown = shown
        feed.waiting.add(self)
        if shown is not None:
            shown.begin_to_wait()

    def leave(self) -> None:
        """Stop waiting; harmless when repeated."""
        self.feed.waiting.discard(self)
        if self._shown is not None:
            self._shown.end_waiting()
            self._shown = None

    def wake(self) -> None:
        """Stop waiting and run the wake-up that was given."""
        self.leave()
        self._wake()


class Notifier:
    """Keeps the feeds and wakes those who wait. ``moves`` counts how often anybody came to a room or went."""

    def __init__(self, tail: Tail, counter: Counter) -> None:
        self._tail = tail
        self._counter = counter
        self._feeds: OrderedDict[UserId, Feed] = OrderedDict()
        self._rooms: dict[RoomId, set[Feed]] = {}
        self._peeking: set[Feed] = set()
        self._followers: list[Wake] = []
        self.closing = False
        self.moves = 0

    @property
    def head(self) -> Position:
        """The newest position that was told."""
        return self._tail.head

    @property
    def listeners(self) -> int:
        """How many long polls wait now."""
        return sum(len(feed.waiting) for feeds in (self._feeds.values(), self._peeking) for feed in feeds)

    def feed(self, user: UserId) -> Feed | None:
        """Return the feed of ``user``, or None where nobody has opened it yet."""
        return self._feeds.get(user)

    def open(self, user: UserId, rooms: dict[RoomId, Position], at: Position) -> Feed | None:
        """Open the feed of ``user`` whose joined rooms were read at position ``at``.

        Returns None where too much has happened since that reading; read again then.
        """
        if user in self._feeds:
            return self._feeds[user]
        missed = self._tail.since(at)
        if missed is None:
            return None
        feed = Feed(user, at, rooms, self._counter.now)
        self._feeds[user] = feed
        for room in rooms:
            self._rooms.setdefault(room, set()).add(feed)
        for entry in missed:
            self._catch_up(feed, entry)
        self._evict()
        return feed

    @contextlib.contextmanager
    def peek(self, user: UserId, room: RoomId) -> Iterator[Feed]:
        """Lend a feed of one room to somebody who need not be in it. Whether they may read it is not known here."""
        feed = Feed(user, self.head, {})
        self._rooms.setdefault(room, set()).add(feed)
        self._peeking.add(feed)
        try:
            yield feed
        finally:
            self._peeking.discard(feed)
            self._drop(room, feed)

    def tell(self, entries: Iterable[Entry]) -> None:
        """Hand committed entries to the feeds they concern, then wake each of those once."""
        touched: set[Feed] = set()
        for entry in entries:
            self._tail.append(entry)
            for feed in self._audience(entry):
                feed.push(entry)
                touched.add(feed)
        for feed in touched:
            self.wake(feed)
        for wake in self._followers:
            wake()

    def follow(self, wake: Wake) -> None:
        """Run ``wake``, which must be short, whenever something was told: for those who follow the whole log."""
        self._followers.append(wake)

    def tell_room(self, room: RoomId) -> None:
        """Wake those in ``room`` for something that lives only in memory (typing)."""
        for feed in list(self._rooms.get(room, ())):
            self.wake(feed)

    def tell_statuses(self, users: Iterable[UserId], count: int) -> int:
        """Wake these people and those who share a room with one of them, once; return how many polls that were.

        Only people with a feed are considered. ``count`` is the one at which their statuses changed.
        """
        touched = {self._feeds[user] for user in users if user in self._feeds}
        rooms = {room for feed in touched for room in feed.rooms}
        for room in rooms:
            touched.update(self._rooms.get(room, ()))
        for feed in touched:
            feed.told = count
        waiting = [listener for feed in touched for listener in feed.waiting]
        for listener in waiting:
            listener.wake()
        return len(waiting)

    def wake(self, feed: Feed, device: DeviceId | None = None) -> None:
        """Wake all who wait on a feed, or only one device."""
        for listener in list(feed.waiting):
            if device is None or listener.device == device:
                listener.wake()

    def wake_user(self, user: UserId, device: DeviceId | None = None) -> None:
        """Wake a person's long polls, so that a changed session is noticed at once."""
        for feed in (*self._only(user), *(feed for feed in self._peeking if feed.user == user)):
            self.wake(feed, device)

    def close(self) -> None:
        """Wake everybody for the last time."""
        self.closing = True
        for feed in (*self._feeds.values(), *self._peeking):
            self.wake(feed)

    def _audience(self, entry: Entry) -> list[Feed]:
        fact = entry.fact
        if fact.kind == "event":
            return self._readers(entry, fact.body)
        if fact.kind == "device_list":
            return self._sharers(fact.user, fact.body)
        if fact.room is not None and fact.user is None:
            return list(self._rooms.get(fact.room, ()))
        return self._only(fact.user)

    def _readers(self, entry: Entry, event: Event) -> list[Feed]:
        """The joined members of the event's room, and whoever the event itself is about."""
        readers = self._rooms.get(event.room_id)
        if event.type != events.MEMBER:
            return list(readers or ())
        audience = set(readers or ())
        audience.update(self._only(UserId(event.state_key or "")))
        self._follow_membership(entry.position, event)
        return list(audience)

    def _follow_membership(self, position: Position, event: Event) -> None:
        feed = self._feeds.get(UserId(event.state_key or ""))
        if feed is None:
            return
        self.moves += 1
        if content_of(event).get("membership") == "join":
            feed.rooms.setdefault(event.room_id, position)
            self._rooms.setdefault(event.room_id, set()).add(feed)
        else:
            feed.rooms.pop(event.room_id, None)
            self._drop(event.room_id, feed)

    def _sharers(self, user: UserId | None, rooms: Iterable[RoomId]) -> list[Feed]:
        feeds = set(self._only(user))
        for room in rooms:
            feeds.update(self._rooms.get(room, ()))
        return list(feeds)

    def _only(self, user: UserId | None) -> list[Feed]:
        feed = self._feeds.get(user) if user is not None else None
        return [] if feed is None else [feed]

    def _catch_up(self, feed: Feed, entry: Entry) -> None:
        """Replay one entry that was told between the reading of the rooms and the opening of the feed."""
        fact = entry.fact
        if fact.kind == "event":
            own = fact.body.type == events.MEMBER and fact.body.state_key == feed.user
            concerned = own or fact.room in feed.rooms
            if own:
                self._follow_membership(entry.position, fact.body)
        elif fact.kind == "device_list":
            concerned = fact.user == feed.user or not feed.rooms.keys().isdisjoint(fact.body)
        else:
            concerned = fact.user == feed.user or (fact.user is None and fact.room in feed.rooms)
        if concerned:
            feed.push(entry)

    def _evict(self) -> None:
        """Let go of the feed opened first among those nobody waits on; the newest is about to be waited on."""
        if len(self._feeds) <= MOST_FEEDS:
            return
        newest = next(reversed(self._feeds))
        for user, feed in self._feeds.items():
            if not feed.waiting and user != newest:
                self._close(user, feed)
                return

    def _close(self, user: UserId, feed: Feed) -> None:
        del self._feeds[user]
        for room in feed.rooms:
            self._drop(room, feed)

    def _drop(self, room: RoomId, feed: Feed) -> None:
        feeds = self._rooms.get(room)
        if feeds is not None:
            feeds.discard(feed)
            if not feeds:
                del self._rooms[room]


async def wait(feed: Feed, device: DeviceId | None, seconds: float, shown: Device | None = None) -> bool:
    """Wait for news on ``feed`` for at most ``seconds``; say whether any came. ``shown`` as for ``Listener``."""
    done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    listener = Listener(feed, device, partial(_resolve, done), shown)
    try:
        return await asyncio.wait_for(done, seconds)
    except TimeoutError:
        return False
    finally:
        listener.leave()


def _resolve(done: "asyncio.Future[bool]") -> None:
    if not done.done():
        done.set_result(True)


def _position(entry: Entry) -> Position:
    return entry.position
