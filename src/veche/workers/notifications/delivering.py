"""Serving pushers: each has a task while it owes anything, and a place up to which it owes nothing.

What it owes is read from the log when its turn comes, so that waiting costs no memory and a restart loses nothing.
"""

import asyncio
import contextlib
import logging
import random

import msgspec

from veche.base import json
from veche.commands import notifications as commands
from veche.commands.context import Context
from veche.domain.ids import Position, UserId
from veche.domain.notifications.gateways import gateway_of
from veche.domain.notifications.payloads import badge_payload, event_payload
from veche.domain.notifications.pushers import Pusher, PusherKey
from veche.domain.refusals import Refusal
from veche.integrations.gateways import NotDelivered
from veche.queries import notifications as queries
from veche.queries.context import ReadContext
from veche.queries.notifications import Due, Notice
from veche.workers.following import keep_trying, log_fault
from veche.workers.notifications.patience import Patience
from veche.workers.notifications.places import Serving, floor_of

LANES = 16
"""Pushers of one gateway that are served at once; a silent gateway keeps nobody else waiting."""
READINGS = 2
"""Readings of the database at once: readers have more threads than that."""
LONG_AGO = 100_000
_log = logging.getLogger("veche.push")


class Deliveries:
    """The pushers that owe something. ``seen`` is up to where the log has been looked at.

    ``begun`` is set once it is known from before who owes what.
    """

    def __init__(self, ctx: Context, reading: ReadContext, patience: Patience | None = None) -> None:
        self._ctx = ctx
        self._reading = reading
        self._patience = patience or Patience()
        self.known = ctx.live.pushers
        self._serving: dict[PusherKey, Serving] = {}
        self._badges: dict[UserId, Position] = {}
        self._lanes: dict[str, asyncio.Semaphore] = {}
        self._readers = asyncio.Semaphore(READINGS)
        self._saved = Position(-1)
        self._has_ended = False
        self.seen = Position(0)
        self.begun = asyncio.Event()

    @property
    def busy(self) -> int:
        """How many pushers are being served and do not merely wait for their next try."""
        return len(self._badges) + sum(one.task is not None and not one.is_resting for one in self._serving.values())

    async def run(self) -> None:
        """Take up what was left, then keep the places now and then until cancelled."""
        try:
            await self._begin()
            while True:
                await asyncio.sleep(self._patience.save_s)
                await self._save()
        finally:
            await self._end()

    def wake(self, user: UserId, position: Position) -> None:
        """Let somebody's pushers look at the event at ``position``."""
        for key in self.known.of(user):
            self._wake(key, Position(position - 1))

    def expect_badge(self, user: UserId, position: Position) -> None:
        """Let somebody's pushers look, a little later, whether the number on the icon is another now."""
        if self._badges.setdefault(user, position) == position:
            asyncio.get_running_loop().call_later(self._patience.badge_s, self._badge_is_due, user)

    def _badge_is_due(self, user: UserId) -> None:
        self.wake(user, self._badges.pop(user))

    def _wake(self, key: PusherKey, place: Position) -> None:
        """Whoever owes nothing has had all before ``place``; whoever does, goes on from where they are."""
        if self._has_ended:
            return
        serving = self._serving.setdefault(key, Serving(key, place))
        if not serving.owes:
            serving.place = max(serving.place, place)
        serving.owes = serving.is_wanted = True
        if serving.task is None:
            serving.task = asyncio.create_task(self._serve(serving))
            self.known.waiting += 1

    async def _begin(self) -> None:
        found = await keep_trying("pushing cannot begin", lambda: queries.owners(self._reading, "http", LONG_AGO))
        self.seen = found.head
        for pusher in found.pushers:
            self.known.put(pusher.key, pusher.data["url"], found.rooms.get(pusher.key.user_id, ()))
        for pusher in found.pushers:
            if pusher.disabled_ts is None and (pusher.is_behind or pusher.key.user_id in found.touched):
                floor = Position(0) if pusher.is_behind or found.floor is None else found.floor
                self._wake(pusher.key, max(pusher.position, floor))
        self.known.tell_changes(self._was_set)
        self.begun.set()

    def _was_set(self, key: PusherKey) -> None:
        """A pusher that could not be served may be now, and need not wait for its next try."""
        serving = self._serving.get(key)
        if serving is not None and serving.task is not None:
            serving.is_wanted = True
            serving.hurry.set()

    async def _end(self) -> None:
        self._has_ended = True
        self.known.tell_changes(_nobody)
        tasks = [one.task for one in self._serving.values() if one.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.begun.is_set():
            await self._save()

    async def _serve(self, serving: Serving) -> None:
        try:
            while serving.is_wanted:
                serving.is_wanted = False
                pause = await self._turn(serving)
                if pause:
                    await self._rest(serving, pause)
            serving.owes = False
        finally:
            self.known.waiting -= 1
            serving.task = None

    async def _turn(self, serving: Serving) -> float:
        """Tell the next few notifications; return how many seconds to wait before the next turn, 0 for none."""
        try:
            async with self._lane(serving):
                return await self._one_turn(serving)
        except Exception as fault:
            log_fault("a pusher could not be served", fault)
        serving.failures += 1
        return self._patience.pause(serving.failures, random.random())

    async def _rest(self, serving: Serving, seconds: float) -> None:
        serving.is_wanted = serving.is_resting = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(serving.hurry.wait(), seconds)
        serving.hurry.clear()
        serving.is_resting = False

    async def _one_turn(self, serving: Serving) -> float:
        due = await self._due(serving)
        if due is None or due.pusher.disabled_ts is not None:
            serving.has_moved = False
            self.known.remove(serving.key)
            return 0.0
        try:
            if await self._tell(serving, due):
                self._delivered(serving, due)
        except NotDelivered as fault:
            return await self._failed(serving, due, fault)
        return 0.0

    async def _due(self, serving: Serving) -> Due | None:
        oldest = self._ctx.clock() - self._patience.notification_ms
        async with self._readers:
            due = await queries.due(self._reading, serving.key, serving.place, oldest)
        if due is not None:
            serving.learn(due.pusher)
        return due

    async def _tell(self, serving: Serving, due: Due) -> bool:
        """Tell what is due, one after the other; False where the pusher ends by that."""
        for notice in due.notices:
            serving.attempt = notice.event.position
            if not await self._push(serving, due.pusher, _told(due, notice)):
                return False
            serving.place, serving.badge = notice.event.position, due.badge
        if due.badge != serving.badge and due.until >= due.head and not due.is_silent:
            if not await self._push(serving, due.pusher, json.encode(badge_payload(due.pusher, due.badge))):
                return False
            serving.badge = due.badge
        return True

    async def _push(self, serving: Serving, pusher: Pusher, body: bytes) -> bool:
        rejected = await self._ctx.outside.pushing.push(pusher.data["url"], body)
        self.known.sending.delivered += 1
        serving.failures = serving.finals = 0
        serving.failing_since_ts, serving.has_dropped = None, False
        serving.has_moved = True
        if pusher.key.pushkey not in rejected:
            return True
        self.known.sending.rejected += 1
        await commands.remove_rejected(self._ctx, pusher)
        return False

    def _delivered(self, serving: Serving, due: Due) -> None:
        if serving.is_behind:
            serving.has_moved = True
            if not serving.has_dropped:  # what waited was read meanwhile: nobody knows how the gateway is
                serving.failing_since_ts = None
        serving.place = due.until
        serving.is_wanted = serving.is_wanted or due.until < due.head

    async def _failed(self, serving: Serving, due: Due, fault: NotDelivered) -> float:
        """Note durably, the first time, that something waits, so that nothing else has to wait for it."""
        self.known.sending.failed += 1
        serving.failures += 1
        serving.finals += fault.is_final
        if serving.failures == 1:
            _log.info("a push to %s failed: %s", due.pusher.data["url"], fault)
        if serving.finals >= self._patience.final_tries:
            self.known.sending.dropped += 1
            serving.place, serving.badge, serving.finals = max(serving.place, serving.attempt), due.badge, 0
            serving.has_dropped = True
        if self._is_given_up(serving):
            await self._give_up(serving, due.pusher)
            return 0.0
        if serving.failing_since_ts is None or not serving.is_behind:
            serving.failing_since_ts = serving.failing_since_ts or self._ctx.clock()
            kept = msgspec.structs.replace(serving.as_kept(), is_behind=True)
            await commands.keep_places(self._ctx, [kept], None)
            serving.is_behind = True
        return self._patience.pause(serving.failures, random.random(), fault.retry_after_s)

    def _is_given_up(self, serving: Serving) -> bool:
        since = serving.failing_since_ts
        return since is not None and self._ctx.clock() - since > self._patience.pusher_ms

    async def _give_up(self, serving: Serving, pusher: Pusher) -> None:
        _log.warning("a pusher to %s has failed for too long and gets nothing more", pusher.data["url"])
        await commands.keep_places(self._ctx, [serving.as_kept(disabled_ts=self._ctx.clock())], None)
        serving.has_moved = False
        self.known.remove(serving.key)

    def _lane(self, serving: Serving) -> asyncio.Semaphore:
        """One for each gateway, however clients write it; those that may not be called any more share one."""
        gateway = gateway_of(self._ctx.limits.push_gateways, self.known.url_of(serving.key))
        name = "" if isinstance(gateway, Refusal) else gateway.url
        return self._lanes.setdefault(name, asyncio.Semaphore(LANES))

    async def _save(self) -> None:
        """Keep the places of those who moved, and how far everybody has come; forget who owes nothing."""
        serving = list(self._serving.values())
        floor = floor_of(serving, self._badges.values(), self.seen)
        idle, moved = [one for one in serving if not one.owes], [one for one in serving if one.has_moved]
        if moved or floor != self._saved:
            for one in moved:  # before it is written: who moves on meanwhile is written the next time
                one.has_moved = False
            try:
                await commands.keep_places(self._ctx, [one.as_kept() for one in moved], floor)
            except Exception as fault:
                log_fault("the places of pushers could not be kept", fault)
                for one in moved:
                    one.has_moved = True
                return
            self._saved = floor
        for one in idle:
            if not one.owes and not one.has_moved:
                self._serving.pop(one.key, None)


def _told(due: Due, notice: Notice) -> bytes:
    pusher = due.pusher
    payload = event_payload(pusher, pusher.key.user_id, notice.event, notice.verdict, notice.around, due.badge)
    return json.encode(payload)


def _nobody(key: PusherKey) -> None:
    """Nobody wants to know of changes any more."""
