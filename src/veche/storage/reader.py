"""Readers: a small pool of threads, one connection each. A query gets one hop and one snapshot.

Nothing is written here, and no snapshot is held for longer than a second or so.
"""

import asyncio
import contextlib
import logging
import queue
import threading
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, TypeVar

from veche.domain.ids import Position
from veche.domain.refusals import Refusal, Refused
from veche.storage.engines import Connection, Engine, Row, StorageFault

T = TypeVar("T")

THREADS = 4
LONGEST_QUEUE = 5_000
UNREADABLE = Refusal(
    "M_UNKNOWN", 503, "The server could not read its storage; please try again.", extra={"retry_after_ms": 2000}
)
BUSY = Refusal("M_UNKNOWN", 503, "The server is overloaded; please try again.", extra={"retry_after_ms": 1000})
CLOSED = Refusal("M_UNKNOWN", 503, "The server is stopping.", extra={"retry_after_ms": 2000})
_log = logging.getLogger("veche.storage")


class TookTooLong(StorageFault):
    """A query held its snapshot longer than a snapshot may be held."""


class Snapshot:
    """One moment of the database. ``position`` is the newest position inside it.

    ``until`` (of ``time.monotonic``) is when it must be let go of: later reads raise ``TookTooLong``.
    """

    __slots__ = ("_run", "_until", "position")

    def __init__(self, connection: Connection, until: float) -> None:
        self._run = connection.rows
        self._until = until
        self.position = Position(connection.rows("SELECT position FROM log_head")[0][0])

    def all(self, sql: str, *params: Any) -> list[Row]:
        """Return the rows of one statement."""
        if monotonic() > self._until:
            raise TookTooLong("the query held its snapshot for too long")
        return self._run(sql, params)

    def one(self, sql: str, *params: Any) -> Row | None:
        """Return the first row, or None."""
        rows = self.all(sql, *params)
        return rows[0] if rows else None


_Job = tuple[Callable[[Snapshot], Any], "asyncio.Future[Any]"]


class Reader:
    """Runs queries on the pool's threads."""

    def __init__(self, engine: Engine, threads: int = THREADS) -> None:
        self._longest_read = engine.longest_read
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._threads = [
            threading.Thread(
                target=self._serve, args=(engine.connect(writes=False),), name=f"veche-reader-{at}", daemon=True
            )
            for at in range(threads)
        ]

    def start(self) -> None:
        """Begin to serve; called once, on the loop that callers wait on."""
        self._loop = asyncio.get_running_loop()
        for thread in self._threads:
            thread.start()

    def run(self, read: Callable[[Snapshot], T]) -> Awaitable[T]:
        """Run ``read`` on a reader's thread in one snapshot; raises what ``read`` raises, 503 on storage faults."""
        if self._closing or self._jobs.qsize() >= LONGEST_QUEUE:
            raise Refused(CLOSED if self._closing else BUSY)
        assert self._loop is not None, "the readers have not been started"
        done: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put((read, done))
        return done

    async def close(self) -> None:
        """Finish what waits, then stop the threads."""
        self._closing = True
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            if thread.is_alive():
                await asyncio.to_thread(thread.join)

    def _serve(self, connection: Connection) -> None:
        while (job := self._jobs.get()) is not None:
            read, done = job
            if not done.cancelled():
                self._answer(done, *self._attempt(connection, read))
        connection.close()

    def _attempt(self, connection: Connection, read: Callable[[Snapshot], T]) -> tuple[T | None, Exception | None]:
        try:
            try:
                connection.begin_read()
                return read(Snapshot(connection, monotonic() + self._longest_read)), None
            finally:
                connection.rollback()
        except StorageFault as fault:
            _log.warning("a query failed: %s", fault)
            return None, Refused(UNREADABLE)
        except Exception as fault:
            return None, fault

    def _answer(self, done: "asyncio.Future[Any]", result: Any, error: Exception | None) -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop is gone: nobody is left to be told
            self._loop.call_soon_threadsafe(_resolve, done, result, error)


def _resolve(done: "asyncio.Future[Any]", result: Any, error: Exception | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)
