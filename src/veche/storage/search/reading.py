"""The index as the server has it: each thread that searches has its own connection, opened anew where the index was
replaced. Nothing is written but that it shall be made anew.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import TypeVar

from veche.domain.refusals import Refusal, Refused
from veche.storage.engines import Connection, StorageFault
from veche.storage.search.records import Match, Wanted
from veche.storage.search.store import Named, Store, numbers_of, rebuild

T = TypeVar("T")
LONGEST_QUEUE = 200
SEARCHES_AT_ONCE = 2
"""So that some of the readers' threads are always left to everybody else."""
NOT_READY = Refusal(
    "M_UNKNOWN", 503, "The search index is not ready; please try again later.", extra={"retry_after_ms": 5000}
)

BUSY = Refusal("M_UNKNOWN", 503, "Too many people search right now; please try again.", extra={"retry_after_ms": 2000})
_log = logging.getLogger("veche.search")


class _Held(threading.local):
    """A thread's connection, and the stamp of the index it is to."""

    connection: Connection | None = None
    stamp: object = None


class SearchIndex:
    """The index as searches see it. Its questions are asked on a reader's thread, never on the loop's.

    A ``turn`` is to be taken before a search begins. Raises 503 where there is no index yet, or none any more.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held = _Held()
        self._open: list[Connection] = []
        self._turns = asyncio.Semaphore(SEARCHES_AT_ONCE)
        self._waiting = 0

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one's turn to search; raises 503 where too many wait already."""
        if self._waiting >= LONGEST_QUEUE:
            raise Refused(BUSY)
        self._waiting += 1
        try:
            async with self._turns:
                yield
        finally:
            self._waiting -= 1

    def numbers_of(self, names: Sequence[str]) -> dict[str, Named]:
        """Return the numbers of those rooms and people that the index knows."""
        return self._ask(lambda connection: numbers_of(connection, names))

    def matches(self, wanted: Wanted, low: int, high: int, most: int) -> list[Match]:
        """Return at most so many of what fits within these positions, newest first."""
        return self._ask(lambda connection: self._store.matches(connection, wanted, low, high, most))

    def positions(self, wanted: Wanted, low: int, high: int) -> set[int]:
        """Return where something fits within these positions."""
        return self._ask(lambda connection: self._store.positions(connection, wanted, low, high))

    def rebuild(self) -> None:
        """Let the index be made anew. Waits for whoever writes it, so not on the loop's thread."""
        with self._refusing():
            rebuild(self._store)

    def close(self) -> None:
        """Close all connections; nobody searches any more."""
        for connection in self._open:
            with contextlib.suppress(StorageFault):
                connection.close()
        self._store.close()

    def _ask(self, question: Callable[[Connection], T]) -> T:
        with self._refusing():
            connection = self._connection()
            try:
                connection.begin_read()
                return question(connection)
            finally:
                connection.rollback()

    @contextlib.contextmanager
    def _refusing(self) -> Iterator[None]:
        """Refuse where the index cannot be used; a damaged one is given up, so that it is made anew."""
        try:
            yield
        except Exception as fault:
            is_damage = self._store.is_damage(fault)
            if not (isinstance(fault, StorageFault) or is_damage or self._store.is_lack(fault)):
                raise
            if is_damage:
                self._forget()
                self._store.condemn()
            _log.warning("a search was refused: %s", fault)
            raise Refused(NOT_READY) from fault

    def _connection(self) -> Connection:
        stamp = self._store.stamp()
        if self._held.connection is not None and self._held.stamp != stamp:
            self._forget()
        if self._held.connection is None:
            self._held.connection = self._store.connect(writes=False)
            self._held.stamp = stamp
            self._open.append(self._held.connection)
        return self._held.connection

    def _forget(self) -> None:
        connection, self._held.connection = self._held.connection, None
        if connection is not None:
            self._open.remove(connection)
            with contextlib.suppress(StorageFault):
                connection.close()
