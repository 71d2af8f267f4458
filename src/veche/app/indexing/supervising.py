"""Looking after the indexing process: started with the server, woken by news, started again where it ended."""

import asyncio
import contextlib
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Protocol

import msgspec

from veche.app.indexing.records import Orders
from veche.live.tail import Tail

_log = logging.getLogger("veche.search")

_PROGRAM = "from veche.app.indexing.process import main; main()"
_COMMAND = (sys.executable, "-P", "-c", _PROGRAM)
_NEWS_SECONDS = 0.2
"""How often it is told of news, if there are any: what was written can be found about so much later."""
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_PATIENCE_SECONDS = 5.0


class Indexing(Protocol):
    """Whoever keeps the index; ``position`` is how far it is in the log, 0 where nobody knows yet."""

    @property
    def position(self) -> int: ...

    @property
    def is_on(self) -> bool: ...

    def start(self) -> None:
        """Begin; called once, on the loop."""

    async def stop(self) -> None:
        """End it."""


class NoIndexing:
    """Nobody keeps an index."""

    position = 0
    is_on = False

    def start(self) -> None:
        """There is nothing to begin."""

    async def stop(self) -> None:
        """There is nothing to end."""


class Supervisor:
    """Keeps one indexing process running."""

    is_on = True

    def __init__(self, orders: Orders, tail: Tail) -> None:
        self._orders = orders
        self._tail = tail
        self._task: asyncio.Task[None] | None = None
        self.position = 0
        self.pid = 0

    def start(self) -> None:
        """Begin to keep the process running."""
        self._task = asyncio.create_task(self._keep_running())

    async def stop(self) -> None:
        """End the process: it finishes the part at which it works."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _keep_running(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            before = self.position
            try:
                await self._run()
            except OSError as fault:
                _log.error("the indexing process cannot be started: %s", fault)
            pause = _FIRST_PAUSE if self.position > before else min(2 * pause, _LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def _run(self) -> None:
        """Run one process until it ends, or this is cancelled."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = _spawn(theirs, ours.close)
        self.pid = process.pid
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        writer.write(msgspec.json.encode(self._orders) + b"\n")
        telling = asyncio.create_task(self._tell(writer))
        try:
            with contextlib.suppress(ConnectionError):  # it ended with news unread
                while line := await reader.readline():
                    self.position = int(line)
            code = await asyncio.to_thread(_wait, process)
            _log.warning("the indexing process ended with %s and is started again", code)
        finally:
            self.pid = 0
            telling.cancel()
            writer.transport.abort()
            await asyncio.shield(asyncio.to_thread(_wait, process))

    async def _tell(self, writer: asyncio.StreamWriter) -> None:
        """Wake the process when the log has grown."""
        told = self._tail.head
        with contextlib.suppress(OSError):
            while True:
                await asyncio.sleep(_NEWS_SECONDS)
                if self._tail.head != told:
                    told = self._tail.head
                    writer.write(b"\n")
                    await writer.drain()


def _spawn(theirs: socket.socket, undo: Callable[[], None]) -> "subprocess.Popen[bytes]":
    """Start a process whose standard input and output are one socket; what it logs goes where the server's log goes."""
    try:
        return subprocess.Popen(
            _COMMAND,
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            close_fds=True,
        )
    except BaseException:
        undo()
        raise


def _wait(process: "subprocess.Popen[bytes]") -> int:
    """Wait until a process that was told to end has ended; one that does not is killed. Not for the loop's thread."""
    try:
        return process.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
