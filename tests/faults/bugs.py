"""Bugs on purpose. Each breaks one law; a test of faults that does not notice it is worth nothing."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from veche.domain.ids import Digest, Position
from veche.domain.refusals import Refused
from veche.domain.sessions import Asker
from veche.queries.sync import to_device
from veche.storage.blobs.incoming import IncomingFile
from veche.storage.engines import StorageFull, sqlite
from veche.storage.reader import Snapshot
from veche.storage.writer import FULL, Head, Writer

SLOW_DISK_SECONDS = 0.02
LATE_SECONDS = 0.3


@contextmanager
def acknowledging_before_the_commit(disk_seconds: float = 0.0) -> Iterator[None]:
    """Callers are answered while the commit is still under way; ``disk_seconds`` makes the disk a slow one."""

    def answer(writer: Writer, group: list[Any]) -> None:
        writer._answer(list(group))  # noqa: SLF001
        time.sleep(disk_seconds)

    with _before_the_commit(answer):
        yield


@contextmanager
def not_syncing(synchronous: int) -> Iterator[None]:
    """SQLite is told not to wait for the disk: 0 is OFF, 1 is NORMAL."""
    with patch.dict(sqlite._PRAGMAS, {"synchronous": synchronous}):  # noqa: SLF001
        yield


@contextmanager
def changing_caches_before_the_commit() -> Iterator[None]:
    """Memory follows a group before it is on disk."""

    def tell(writer: Writer, group: list[Any]) -> None:
        loop = writer._loop  # noqa: SLF001
        assert loop is not None
        entries = [entry for job in group if job.transaction is not None for entry in job.transaction.entries]
        loop.call_soon_threadsafe(writer._tell, entries)  # noqa: SLF001

    with _before_the_commit(tell):
        yield


@contextmanager
def answering_the_rest_of_a_full_group() -> Iterator[None]:
    """A command that meets a full disk is refused alone; the others of its group are told that all is well."""
    attempt = Writer._attempt  # noqa: SLF001

    def alone(self: Writer, job: Any, head: Head) -> None:
        try:
            attempt(self, job, head)
        except StorageFull:
            job.error = Refused(FULL)
            self._connection.rollback()
            self._connection.begin_write()

    with patch.object(Writer, "_attempt", alone):
        yield


@contextmanager
def advancing_the_token_past_the_inbox() -> Iterator[None]:
    """The token says that all messages to the device were handed out, though the answer was cut."""
    inbox = to_device.inbox

    def hasty(at: Snapshot, asker: Asker, since: Position) -> tuple[list[bytes], Position]:
        return inbox(at, asker, since)[0], at.position

    with patch.object(to_device, "inbox", hasty):
        yield


@contextmanager
def storing_after_the_row() -> Iterator[None]:
    """An upload is acknowledged as soon as its digest is known; its contents are stored a little later."""
    keep = IncomingFile.keep
    late: set[asyncio.Task[None]] = set()

    async def store(file: IncomingFile) -> None:
        await asyncio.sleep(LATE_SECONDS)
        await keep(file)

    async def hasty(self: IncomingFile) -> Digest:
        await self._write()
        await self._written()
        task = asyncio.ensure_future(store(self))
        late.add(task)
        task.add_done_callback(late.discard)
        return self._spool.digest

    async def nothing(self: IncomingFile) -> None:
        """The file is still needed."""

    with patch.object(IncomingFile, "keep", hasty), patch.object(IncomingFile, "discard", nothing):
        yield


def plant(name: str, stack: ExitStack) -> None:
    """Plant a bug by name, for a server in a process of its own."""
    if name == "acknowledging_before_the_commit":
        stack.enter_context(acknowledging_before_the_commit(SLOW_DISK_SECONDS))
    elif name == "storing_after_the_row":
        stack.enter_context(storing_after_the_row())
    else:
        raise ValueError(name)


@contextmanager
def _before_the_commit(do: Callable[[Writer, list[Any]], None]) -> Iterator[None]:
    commit = Writer._commit  # noqa: SLF001

    def early(self: Writer, group: list[Any]) -> None:
        connection = self._connection
        to_disk = connection.commit

        def do_first() -> None:
            do(self, group)
            to_disk()

        with patch.object(connection, "commit", do_first):
            commit(self, group)

    with patch.object(Writer, "_commit", early):
        yield
