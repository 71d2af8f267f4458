"""One waiting sync as a listener instead of a task: looked at when it comes, when woken, and when time is over."""

import logging
import time
from typing import Protocol

import msgspec

from veche.domain.sessions import Asker, Origin
from veche.live.notifier import Feed, Listener
from veche.queries.context import ReadContext
from veche.queries.sync.loop import LONGEST_MS, nothing_new
from veche.queries.sync.quick import GENERAL, quick_answer
from veche.queries.sync.wish import SyncWish

_log = logging.getLogger("veche.sync")


class Desk(Protocol):
    """Whoever holds the connection of a waiting sync."""

    @property
    def is_over(self) -> bool:
        """Say whether the client was answered or has gone."""

    def origin(self) -> Origin:
        """Say from where the client asks."""

    def reply_json(self, body: bytes) -> None:
        """Answer the client."""

    def look_soon(self, poll: "Poll") -> None:
        """Call ``poll.look_again`` in one of the next callbacks: many at once would hold up the loop."""

    def take_over(self, asker: Asker, wish: SyncWish) -> None:
        """Answer by the general path."""


class Poll:
    """A sync that is answered from memory as soon as there is something to say."""

    __slots__ = ("_asker", "_context", "_desk", "_feed", "_is_left", "_listener", "_shown", "_since", "_tick", "_wish")

    def __init__(self, context: ReadContext, feed: Feed, asker: Asker, wish: SyncWish, desk: Desk) -> None:
        self._context = context
        self._feed = feed
        self._asker = asker
        self._wish = wish
        self._desk = desk
        self._shown = context.live.presence.touch(asker.user, asker.device, wish.presence)
        self._since = 0.0
        self._listener: Listener | None = None
        self._tick = 0
        self._is_left = False

    def look(self) -> None:
        """Answer from memory, wait, or leave it to the general path."""
        try:
            found = quick_answer(self._context, self._feed, self._asker, self._wish)
        except Exception:
            _log.exception("a sync could not be answered from memory")
            found = GENERAL
        if isinstance(found, bytes):
            self.release()
            self._desk.reply_json(found)
        elif found is None:
            self._wait()
        else:
            self._leave_to_others()

    def look_again(self) -> None:
        """Look after having been woken: the session may have ended, the client may have gone."""
        desk, live = self._desk, self._context.live
        if desk.is_over or self._is_left:
            return
        is_known = live.sessions.find(self._asker.digest, self._context.clock(), desk.origin) is not None
        if is_known and live.notifier.feed(self._asker.user) is self._feed:
            self.look()
        else:
            self._leave_to_others()

    def time_is_over(self) -> None:
        """Look for the last time: what has just been told may wait to be looked at, and must not be passed over."""
        self.release()
        self._wish = msgspec.structs.replace(self._wish, timeout_ms=0)
        self.look_again()

    def release(self) -> None:
        """Stop waiting; harmless when repeated."""
        if self._tick:
            self._context.live.deadlines.remove(self._tick, self.time_is_over)
            self._tick = 0
        if self._listener is not None:
            self._listener.leave()
            self._listener = None

    def _wait(self) -> None:
        context, wish = self._context, self._wish
        if not self._since:
            self._since = time.monotonic()
            if wish.timeout_ms > 0:
                self._tick = context.live.deadlines.add(min(wish.timeout_ms, LONGEST_MS) / 1000, self.time_is_over)
        if not self._tick or context.live.notifier.closing:
            self._say_nothing_new()
        else:
            self._listener = Listener(self._feed, self._asker.device, self._woken, self._shown)

    def _say_nothing_new(self) -> None:
        self.release()
        found = nothing_new(self._context, self._asker, self._wish)
        if found is None:
            self._leave_to_others()
        else:
            self._desk.reply_json(found)

    def _woken(self) -> None:
        self._listener = None
        self._desk.look_soon(self)

    def _leave_to_others(self) -> None:
        """Hand over with the time that is left, once: a poll that has been woken may still wait to be looked at."""
        self.release()
        self._is_left = True
        wish = self._wish
        if self._since:
            waited_ms = int((time.monotonic() - self._since) * 1000)
            wish = msgspec.structs.replace(wish, timeout_ms=max(0, wish.timeout_ms - waited_ms))
        self._desk.take_over(self._asker, wish)


def begin(context: ReadContext, asker: Asker, wish: SyncWish, desk: Desk) -> Poll | None:
    """Begin to answer a sync; None where the asker has no feed yet, which only the general path opens."""
    feed = context.live.notifier.feed(asker.user)
    return None if feed is None else Poll(context, feed, asker, wish, desk)
