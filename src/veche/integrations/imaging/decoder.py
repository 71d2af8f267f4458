"""One decoding process, seen from the server: started, given a file, asked for its answer, ended."""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator

import msgspec

from veche.integrations.imaging.pipe import END_OF_FILE, LARGEST_MESSAGE, LARGEST_PART, LENGTH, framed
from veche.integrations.imaging.records import (
    Answer,
    Bounds,
    DecoderDied,
    NotAPicture,
    Picture,
    PictureTooLarge,
    Size,
)

_log = logging.getLogger("veche.imaging")

TOO_SLOW = "The picture takes too much time."
_PROGRAM = "from veche.integrations.imaging.process import main; main()"
_COMMAND = (sys.executable, "-S", "-s", "-P", "-B", "-c", _PROGRAM)


class Decoder:
    """A process and the socket that is its standard input and output."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        bounds: Bounds,
    ) -> None:
        self._process, self._reader, self._writer, self._bounds = process, reader, writer, bounds
        self.jobs = 0

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Say whether it can be given another job; somebody may have ended it meanwhile."""
        return self._process.poll() is None and not self._reader.at_eof()

    async def make(self, head: bytes, source: AsyncIterator[bytes], wanted: Size) -> Picture:
        """Return a thumbnail of the file that begins with ``head`` and goes on with ``source``.

        Raises ``DecoderDied`` where the process ended, ``TimeoutError`` where file or answer did not come in time.
        After any exception but ``NotAPicture`` the process is of no use.
        """
        self.jobs += 1
        async with asyncio.timeout(self._bounds.seconds):
            await self._send(framed(msgspec.msgpack.encode(wanted)))
            await self._give(head, source)
        async with asyncio.timeout(self._bounds.seconds):
            try:
                return await self._answered()
            except (OSError, EOFError, msgspec.DecodeError) as error:
                raise await self._last_words() from error

    def kill(self) -> None:
        """End the process now; ``wait`` says when it is gone."""
        self._process.kill()
        self._writer.transport.abort()

    def wait(self) -> int:
        """Wait until the killed process is gone; not for the loop's thread."""
        return self._process.wait()

    async def _give(self, head: bytes, source: AsyncIterator[bytes]) -> None:
        size = len(head)
        await self._send_part(head)
        async for part in source:
            size += len(part)
            if size > self._bounds.source_bytes:
                raise PictureTooLarge("The file is too large for a thumbnail.")
            await self._send_part(part)
        await self._send(END_OF_FILE)

    async def _send_part(self, part: bytes) -> None:
        for start in range(0, len(part), LARGEST_PART):
            await self._send(framed(part[start : start + LARGEST_PART]))

    async def _send(self, content: bytes) -> None:
        try:
            self._writer.write(content)
            await self._writer.drain()
        except OSError as error:
            raise await self._last_words() from error

    async def _answered(self) -> Picture:
        answer = await self._read_answer()
        if not answer.is_secluded and self.jobs == 1:
            _log.info("this kernel filters no system calls: the decoding process is held by its limits alone")
        body = await self._reader.readexactly(answer.length)
        if answer.fault == "not a picture":
            raise NotAPicture(answer.reason)
        if answer.fault == "too large":
            raise PictureTooLarge(answer.reason)
        return Picture(body, answer.content_type, answer.width, answer.height)

    async def _read_answer(self) -> Answer:
        """Read what a process says that foreign bytes may have taken over: its word is checked like theirs."""
        length = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))[0]
        if length > LARGEST_MESSAGE:
            raise EOFError
        answer = msgspec.msgpack.decode(await self._reader.readexactly(length), type=Answer)
        if not 0 <= answer.length <= self._bounds.picture_bytes:
            raise EOFError
        return answer

    async def _last_words(self) -> Exception:
        """Say why the process ended, as far as one can know."""
        self.kill()
        code = await asyncio.to_thread(self.wait)
        if code == -signal.SIGXCPU:
            return PictureTooLarge(TOO_SLOW)
        _log.warning("a decoding process ended with %d while it worked", code)
        return DecoderDied("The picture could not be read.")


async def start(bounds: Bounds) -> Decoder:
    """Start a process that inherits nothing but its end of a socket. Raises ``OSError`` where none can be started."""
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            process = _spawn(theirs, bounds)
    except BaseException:
        ours.close()
        raise
    reader, writer = await asyncio.open_unix_connection(sock=ours)
    return Decoder(process, reader, writer, bounds)


def _spawn(theirs: socket.socket, bounds: Bounds) -> "subprocess.Popen[bytes]":
    """Start the process; takes less than a millisecond, because the parent's memory is not copied (vfork).

    The search path is all its environment: this very installation is found again, and nobody's settings are read.
    """
    return subprocess.Popen(
        [*_COMMAND, msgspec.json.encode(bounds).decode()],
        stdin=theirs.fileno(),
        stdout=theirs.fileno(),
        stderr=subprocess.DEVNULL,
        env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        cwd="/",
        close_fds=True,
    )
