"""Threads for what waits: those of the disk, which come to an end, and calls over the network, which may not."""

import asyncio
import contextlib
import errno
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from veche.storage.blobs import BlobFault, BlobsAway, BlobsFull

T = TypeVar("T")

AT_ONCE = 8
"""Threads for the disk. They mostly wait for it, or hash, and both give up the interpreter lock."""
CALLS_AT_ONCE = 16

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Threads:
    """A small pool for work on files."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="veche-blobs")
        self._is_closed = False

    async def run(self, work: Callable[..., T], *params: Any) -> T:
        """Run ``work`` in a thread; raises ``BlobsFull`` or ``BlobsAway`` for what the file system says.

        A thread cannot be stopped. Where the caller is cancelled the end is waited for, so that nobody closes or
        removes a file under the hands of a thread that still writes it.
        """
        if self._is_closed:
            raise BlobsAway("the server is stopping")
        running = asyncio.get_running_loop().run_in_executor(self._pool, work, *params)
        try:
            await _end_of(running)
        finally:
            error = running.exception()
        if isinstance(error, OSError):
            raise _fault_of(error) from error
        return running.result()

    def close(self) -> None:
        """Wait for what is under way and end the threads."""
        self._is_closed = True
        self._pool.shutdown()


class Calls:
    """Threads for calls that somebody else may never answer.

    A call that takes too long is given up: its caller is told so, and its thread ends whenever it ends. There are
    never more than ``CALLS_AT_ONCE``, and they do not hold up the end of the process, which a pool's threads would.
    """

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(CALLS_AT_ONCE)

    async def run(self, seconds: float, work: Callable[..., T], *params: Any) -> T:
        """Run ``work`` in a thread; raises ``BlobsAway`` after ``seconds``, the wait for a free thread included."""
        try:
            async with asyncio.timeout(seconds):
                return await (await self._started(work, params))
        except TimeoutError:
            raise BlobsAway(f"no answer within {seconds:.0f} seconds") from None

    def leave(self, work: Callable[[], object]) -> None:
        """Run ``work`` in a thread that nobody waits for."""
        threading.Thread(target=work, name="veche-blobs", daemon=True).start()

    async def _started(self, work: Callable[..., T], params: tuple[Any, ...]) -> "asyncio.Future[T]":
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def call() -> None:
            result, error = None, None
            try:
                result = work(*params)
            except BaseException as caught:
                error = caught
            with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits any more
                loop.call_soon_threadsafe(self._end, answer, result, error)

        await self._slots.acquire()
        try:
            threading.Thread(target=call, name="veche-blobs", daemon=True).start()
        except RuntimeError as error:
            self._slots.release()
            raise BlobsAway(str(error)) from error
        return answer

    def _end(self, answer: "asyncio.Future[Any]", result: object, error: BaseException | None) -> None:
        self._slots.release()
        if answer.done():
            return
        if error is None:
            answer.set_result(result)
        else:
            answer.set_exception(error)


async def _end_of(running: "asyncio.Future[Any]") -> None:
    """Wait for a thread, and only then pass on that the waiting one was cancelled."""
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


def _fault_of(error: OSError) -> BlobFault:
    kind = BlobsFull if error.errno in _FULL else BlobsAway
    return kind(str(error))
