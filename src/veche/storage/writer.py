"""The one writer: a thread that runs commands in groups, one transaction and one fsync per group.

Nothing is told, and no caller is answered, before the commit. What a command decides is not known here.
"""

import asyncio
import concurrent.futures
import contextlib
import logging
import os
import queue
import threading
from collections.abc import Awaitable, Callable, Iterator
from operator import attrgetter
from typing import Any, TypeVar

from veche.domain.facts import Entry, Fact
from veche.domain.ids import Position
from veche.domain.refusals import Refusal, Refused
from veche.storage.engines import Between, Connection, Engine, Row, StorageBroken, StorageFault, StorageFull

T = TypeVar("T")
Effect = Callable[[], None]
Tell = Callable[[list[Entry]], None]

FULL = Refusal("M_RESOURCE_LIMIT_EXCEEDED", 507, "The server's storage is full; reading still works.")
FAILED = Refusal("M_UNKNOWN", 503, "The server could not store this; please try again.", extra={"retry_after_ms": 2000})
OVERLOADED = Refusal("M_UNKNOWN", 503, "The server is overloaded; please try again.", extra={"retry_after_ms": 1000})
CLOSED = Refusal("M_UNKNOWN", 503, "The server is stopping.", extra={"retry_after_ms": 2000})

LONGEST_QUEUE = 10_000
_log = logging.getLogger("veche.storage")
_in_order = attrgetter("position")


class Transaction:
    """What a command may do to the database inside its group."""

    __slots__ = ("_after", "_head", "_run", "entries")

    def __init__(self, connection: Connection, head: "Head") -> None:
        self._run = connection.rows
        self._head = head
        self.entries: list[Entry] = []
        self._after: list[Effect] = []

    @property
    def position(self) -> Position:
        """The newest position given out so far, in this group too."""
        return Position(self._head.position)

    def all(self, sql: str, *params: Any) -> list[Row]:
        """Return the rows of one statement."""
        return self._run(sql, params)

    def one(self, sql: str, *params: Any) -> Row | None:
        """Return the first row, or None."""
        rows = self._run(sql, params)
        return rows[0] if rows else None

    def run(self, sql: str, *params: Any) -> None:
        """Run one statement that returns nothing."""
        self._run(sql, params)

    def record(self, fact: Fact) -> Position:
        """Give ``fact`` the next position; the only way to get one."""
        self._head.position += 1
        position = Position(self._head.position)
        self.entries.append(Entry(position, fact))
        return position

    def reserve(self) -> Position:
        """Give out a position whose fact is recorded with ``record_at`` once its body is known."""
        self._head.position += 1
        return Position(self._head.position)

    def record_at(self, position: Position, fact: Fact) -> None:
        """Record the fact of a reserved position."""
        self.entries.append(Entry(position, fact))

    def after(self, effect: Effect) -> None:
        """Run ``effect`` on the loop once the group is on disk (caches, running totals)."""
        self._after.append(effect)

    @property
    def effects(self) -> list[Effect]:
        """What ``after`` has gathered."""
        return self._after


class Head:
    """The newest position of the log, as the open group sees it."""

    __slots__ = ("position",)

    def __init__(self, position: int = 0) -> None:
        self.position = position


class _Job:
    """One waiting command: its work, its caller, and what came of it."""

    __slots__ = ("done", "error", "result", "transaction", "work")

    def __init__(self, work: Callable[[Transaction], Any], done: "asyncio.Future[Any]") -> None:
        self.work = work
        self.done = done
        self.result: Any = None
        self.error: BaseException | None = None
        self.transaction: Transaction | None = None


class _Slice:
    """A moment's work for another thread, between two groups and outside of any transaction."""

    __slots__ = ("done", "work")

    def __init__(self, work: Callable[[Connection], Any]) -> None:
        self.work = work
        self.done: concurrent.futures.Future[Any] = concurrent.futures.Future()

    def run(self, connection: Connection) -> None:
        try:
            self.done.set_result(self.work(connection))
        except BaseException as fault:
            self.done.set_exception(fault)


class Writer:
    """Runs commands one after another on its own thread; resolves their callers after the fsync.

    ``broken`` is called when nobody knows any more what is on disk: it ends the process, which then recovers.
    """

    def __init__(self, engine: Engine, tell: Tell, broken: Callable[[], None] = lambda: os._exit(70)) -> None:
        self.engine = engine
        self._connection = engine.connect(writes=True)
        self._tell = tell
        self._broken = broken
        self._jobs: queue.SimpleQueue[_Job | _Slice | None] = queue.SimpleQueue()
        self._is_copied = False
        self._closing = False
        self._ended = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._serve, name="veche-writer", daemon=True)

    def start(self) -> None:
        """Begin to serve; called once, on the loop that callers wait on."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def run(self, work: Callable[[Transaction], T]) -> Awaitable[T]:
        """Run ``work`` in its own savepoint; resolves after the group's fsync.

        ``Refused`` undoes its savepoint only. A storage fault ends the whole group: 507 when full, else 503.
        """
        if self._closing or self._jobs.qsize() >= LONGEST_QUEUE:
            raise Refused(CLOSED if self._closing else OVERLOADED)
        assert self._loop is not None, "the writer has not been started"
        done: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(work, done))
        return done

    @contextlib.contextmanager
    def copying(self) -> Iterator[Between]:
        """Let the calling thread, not the loop's, use the writer's connection between groups, to copy the database.

        SQLite begins a copy anew when a transaction with changes is rolled back, so meanwhile none is: what a
        refused command did is undone in its savepoint, and the rest committed.
        """
        self._is_copied = True
        try:
            yield self._between
        finally:
            self._is_copied = False

    def _between(self, step: Callable[[Connection], T]) -> T:
        slice_ = _Slice(step)
        if self._ended:
            raise StorageFault("the server is stopping")
        self._jobs.put(slice_)
        result: T = slice_.done.result()
        return result

    @property
    def waiting(self) -> int:
        """How many commands wait for their group."""
        return self._jobs.qsize()

    async def upkeep(self) -> None:
        """Let the database do its housekeeping, on a thread of its own; no command waits for it."""
        try:
            await asyncio.to_thread(self.engine.upkeep)
        except StorageBroken as fault:
            _log.error("the housekeeping failed: %s", fault)
            self._broken()

    async def close(self) -> None:
        """Commit what waits, then stop the thread."""
        self._closing = True
        if self._thread.is_alive():
            self._jobs.put(None)
            await asyncio.to_thread(self._thread.join)
        while not self._jobs.empty():
            if isinstance(left := self._jobs.get(), _Slice):
                left.done.set_exception(StorageFault("the server is stopping"))
        self._connection.close()

    def _serve(self) -> None:
        try:
            while group := self._next_group():
                self._commit(group)
                self._answer(group)
        except BaseException:  # a writer that dies in silence would leave all its callers waiting
            _log.critical("the writer ended", exc_info=True)
            self._broken()

    def _next_group(self) -> list[_Job]:
        """Wait for a command and take all that wait with it; an empty group is the end."""
        group: list[_Job] = []
        job = None if self._ended else self._jobs.get()
        while job is not None:
            if isinstance(job, _Slice):
                job.run(self._connection)
            else:
                group.append(job)
            if group and (len(group) == self.engine.largest_group or self._jobs.empty()):
                return group
            job = self._jobs.get()
        self._ended = True
        return group

    def _commit(self, group: list[_Job]) -> None:
        connection = self._connection
        try:
            connection.begin_write()
            head = Head(connection.rows("SELECT position FROM log_head")[0][0])
            before, is_copied = head.position, self._is_copied  # asked once: one way or the other for the whole group
            if len(group) == 1 and not is_copied:
                self._attempt_alone(group[0], head)
            else:
                for job in group:
                    self._attempt(job, head)
            if head.position != before:
                connection.rows("UPDATE log_head SET position = ?", (head.position,))
            if is_copied or any(job.transaction is not None for job in group):
                connection.commit()
            else:
                connection.rollback()
        except BaseException as fault:
            self._fail(group, fault)

    def _attempt_alone(self, job: _Job, head: Head) -> None:
        """Run a command that has the transaction to itself: it is undone with it and needs no savepoint."""
        before = head.position
        transaction = Transaction(self._connection, head)
        try:
            job.result = job.work(transaction)
            job.transaction = transaction
        except StorageFault:
            raise
        except Exception as fault:
            job.error = fault
            head.position = before

    def _attempt(self, job: _Job, head: Head) -> None:
        """Run one command in its savepoint; only its own fault is undone here, and leaves no trace."""
        before = head.position
        transaction = Transaction(self._connection, head)
        self._connection.savepoint()
        try:
            job.result = job.work(transaction)
            self._connection.release()
            job.transaction = transaction
        except StorageFault:
            raise
        except Exception as fault:
            job.error = fault
            head.position = before
            self._connection.rollback_to()

    def _fail(self, group: list[_Job], fault: BaseException) -> None:
        """Undo the whole group: nobody in it may believe that it was stored."""
        unexpected = None if isinstance(fault, StorageFault) else fault
        _log.error("a group of %d commands was undone: %s", len(group), fault, exc_info=unexpected)
        if isinstance(fault, StorageBroken):
            self._broken()
        for job in group:
            job.transaction = None
            job.error = Refused(FULL if isinstance(fault, StorageFull) else FAILED)
        with contextlib.suppress(StorageFault):  # a lost connection has nothing left to undo
            self._connection.rollback()

    def _answer(self, group: list[_Job]) -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop is gone: nobody is left to be told
            self._loop.call_soon_threadsafe(self._tell_and_resolve, group)

    def _tell_and_resolve(self, group: list[_Job]) -> None:
        """One wake-up of the loop per group: memory follows the disk, then callers and readers are told, all in one
        callback, so that nobody can act on the one without the other.
        """
        entries: list[Entry] = []
        for job in group:
            if job.transaction is not None:
                entries += job.transaction.entries
                for effect in job.transaction.effects:
                    _safely(effect)
        for job in group:  # answered before the readers are woken: these may be many
            if job.done.done():
                continue
            if job.error is None:
                job.done.set_result(job.result)
            else:
                job.done.set_exception(job.error)
        if entries:
            entries.sort(key=_in_order)  # a reserved position may have been recorded after a later one
            _safely(lambda: self._tell(entries))


def _safely(effect: Effect) -> None:
    """What is on disk is acknowledged, even where memory could not follow it."""
    try:
        effect()
    except Exception:
        _log.exception("an effect of a committed command failed")
