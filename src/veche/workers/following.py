"""Following the log: each worker is given the facts it wants, in order, and its cursor is kept.

What a worker does with a fact must come to the same when it is given that fact again: after a crash it is.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec

from veche.commands.context import Context
from veche.commands.operation.following import save_cursor
from veche.domain.facts import Entry, ReplayedKind
from veche.domain.ids import Position
from veche.domain.refusals import Refused
from veche.queries.context import ReadContext
from veche.queries.operation import cursor_of, entries_after

MOST_AT_ONCE = 200
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between tries of what fails. After the last the worker steps over a fact that it cannot do; what it reads and
keeps itself is tried again after the longest of them, for as long as it takes.
"""
BETWEEN_SAVES_MS = 2_000
_log = logging.getLogger("veche.workers")

Made = TypeVar("Made")
Step = Callable[[Sequence[Entry]], Awaitable[None]]


class Worker(msgspec.Struct, frozen=True):
    """A consumer of the log: its name, under which the cursor is kept, what it wants, and what it does with that."""

    name: str
    wants: frozenset[ReplayedKind]
    step: Step


async def follow(ctx: Context, queries: ReadContext, worker: Worker) -> None:
    """Give ``worker`` its facts until cancelled. The first time it begins at the present head of the log."""
    following = Following(ctx, queries, worker)
    try:
        await following.begin()
        while True:
            if not await following.advance():
                await following.news()
    finally:
        await following.save()


async def keep_trying(what: str, do: Callable[[], Awaitable[Made]]) -> Made:
    """Return what ``do`` comes to, with pauses between its tries; ``what`` is said in the log while it fails."""
    failures = 0
    while True:
        try:
            return await do()
        except Exception as fault:
            log_fault(what, fault)
        await asyncio.sleep(PAUSES[min(failures, len(PAUSES) - 1)])
        failures += 1


def log_fault(what: str, fault: Exception) -> None:
    """Note what did not succeed. A refusal says itself why: a full disk, or a storage that is away."""
    if isinstance(fault, Refused):
        _log.warning("%s: %s", what, fault.refusal.text)
    else:
        _log.error("%s", what, exc_info=fault)


class Following:
    """How far one worker has come. ``follow`` calls these in turn; tests may do so themselves."""

    def __init__(self, ctx: Context, queries: ReadContext, worker: Worker) -> None:
        self._ctx = ctx
        self._queries = queries
        self._worker = worker
        self._news = asyncio.Event()
        self._saved_ts = 0
        self._saved: Position | None = None
        self.cursor = ctx.live.tail.head

    async def begin(self) -> None:
        """Take up the work where it was left."""
        self._ctx.live.notifier.follow(self._news.set)
        self.cursor = self._saved = await keep_trying(f"{self._worker.name} cannot begin", self._found_or_made)

    async def advance(self) -> bool:
        """Do the next few facts; say whether there were any."""
        self._news.clear()
        entries, until = await self._next()
        if entries:
            await self._do(entries)
            await self._save_now_and_then(until)
        self.cursor = until
        return bool(entries)

    async def news(self) -> None:
        """Wait until something was told since the last ``advance``."""
        await self._news.wait()

    async def save(self) -> None:
        """Keep the cursor if it has moved."""
        if self._saved is not None and self.cursor > self._saved:
            try:
                await save_cursor(self._ctx, self._worker.name, self.cursor)
                self._saved = self.cursor
            except Exception as fault:  # facts are then given once more after the next start
                log_fault(f"{self._worker.name}: the cursor could not be kept", fault)

    async def _found_or_made(self) -> Position:
        found = await cursor_of(self._queries, self._worker.name)
        if found is not None:
            return found
        self._saved_ts = self._ctx.clock()
        await save_cursor(self._ctx, self._worker.name, self.cursor)
        return self.cursor

    async def _save_now_and_then(self, until: Position) -> None:
        self.cursor = until
        if self._ctx.clock() - self._saved_ts >= BETWEEN_SAVES_MS:
            self._saved_ts = self._ctx.clock()
            await self.save()

    async def _next(self) -> tuple[list[Entry], Position]:
        """Return the next facts and how far they reach: from memory while it reaches back so far."""
        tail, wants = self._ctx.live.tail, self._worker.wants
        missed = tail.since(self.cursor)
        if missed is None:
            what = f"{self._worker.name} cannot read on"
            return await keep_trying(what, lambda: entries_after(self._queries, self.cursor, wants, MOST_AT_ONCE))
        wanted = [entry for entry in missed if entry.fact.kind in wants][:MOST_AT_ONCE]
        return wanted, wanted[-1].position if len(wanted) == MOST_AT_ONCE else tail.head

    async def _do(self, entries: Sequence[Entry]) -> None:
        for pause in PAUSES:
            if await self._try(entries):
                return
            await asyncio.sleep(pause)
        for entry in entries:
            if not await self._try([entry]):
                _log.error("%s: stepped over the fact at position %d", self._worker.name, entry.position)

    async def _try(self, entries: Sequence[Entry]) -> bool:
        try:
            await self._worker.step(entries)
        except Exception as fault:
            log_fault(f"{self._worker.name} failed at position {entries[0].position}", fault)
            return False
        return True
