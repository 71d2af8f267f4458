"""How connections come in: each has ten seconds to get through the handshake, and none can hold up another.

Who speaks plain HTTP is told where HTTPS is. What is said inside TLS is not known here.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable

from veche.app.https.plain import answer_to_plain

HANDSHAKE_SECONDS = 10.0
"""From being accepted to the end of the handshake."""
GOODBYE_SECONDS = 5.0
"""How long the other side may take to agree that the connection ends."""
MOST_UNFINISHED = 1024
"""Handshakes at a time. Beyond that the oldest is given up: honest ones take milliseconds."""
_BACKLOG = 2048
_AT_ONCE = 64
_REST_SECONDS = 1.0
_HANDSHAKE = b"\x16"
_LONGEST_HEAD = 8192
_log = logging.getLogger("veche.tls")


class _Knock:
    """A connection that is not through the handshake yet."""

    __slots__ = ("handshake", "is_watched", "timer")

    def __init__(self, timer: asyncio.TimerHandle) -> None:
        self.timer = timer
        self.is_watched = False
        self.handshake: asyncio.Task[None] | None = None


class Acceptor:
    """Accepts connections on a bound socket and hands those that speak TLS to protocols that ``protocol`` makes.

    To uvicorn it looks like one of the loop's servers. ``context`` is asked anew for every connection.
    """

    def __init__(
        self,
        listening: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        context: Callable[[], ssl.SSLContext],
    ) -> None:
        self._listening = listening
        self._protocol = protocol
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._unfinished: dict[socket.socket, _Knock] = {}
        self._rest: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to accept."""
        self._listening.setblocking(False)
        self._listening.listen(_BACKLOG)
        self._loop.add_reader(self._listening, self._accept)

    def close(self) -> None:
        """Accept no more and give up all unfinished handshakes; connections that stand are not touched."""
        if self._listening.fileno() < 0:
            return
        if self._rest is not None:
            self._rest.cancel()
        self._loop.remove_reader(self._listening)
        self._listening.close()
        for connection in list(self._unfinished):
            self._give_up(connection)

    async def wait_closed(self) -> None:
        """Nothing is left to wait for."""

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                connection, _ = self._listening.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionError:
                continue
            except OSError as fault:
                self._take_a_rest(fault)
                return
            self._meet(connection)

    def _take_a_rest(self, fault: OSError) -> None:
        """The process has too many files open, say: try again in a moment instead of again and again."""
        _log.error("no connection can be accepted: %s", fault)
        self._loop.remove_reader(self._listening)
        self._rest = self._loop.call_later(_REST_SECONDS, self._loop.add_reader, self._listening, self._accept)

    def _meet(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        timer = self._loop.call_later(HANDSHAKE_SECONDS, self._give_up, connection)
        self._unfinished[connection] = _Knock(timer)
        if len(self._unfinished) > MOST_UNFINISHED:
            self._give_up(next(iter(self._unfinished)))
        self._listen_to(connection)

    def _listen_to(self, connection: socket.socket) -> None:
        """Look at the first byte and leave it where it is: TLS begins with one, HTTP with others."""
        knock = self._unfinished[connection]
        try:
            first = connection.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            if not knock.is_watched:
                self._watch(connection, self._listen_to)
            return
        except OSError:
            first = b""
        if first == _HANDSHAKE:
            self._stop_watching(connection, knock)
            knock.handshake = self._loop.create_task(self._shake_hands(connection))
        elif first:
            self._answer_to_plain(connection)
        else:
            self._give_up(connection)

    async def _shake_hands(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(
                self._protocol,
                connection,
                ssl=self._context(),
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=GOODBYE_SECONDS,
            )
        except OSError as fault:  # faults of TLS too: a client without trust, too old, or none at all
            connection.close()
            _log.debug("a handshake failed: %s", fault)
        finally:
            knock = self._unfinished.pop(connection, None)
            if knock is not None:
                knock.timer.cancel()

    def _answer_to_plain(self, connection: socket.socket) -> None:
        """Say that this is HTTPS, then pass over what still comes: closing at once could cost the client the answer."""
        try:
            connection.send(answer_to_plain(connection.recv(_LONGEST_HEAD)))
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            self._give_up(connection)
        else:
            self._watch(connection, self._pass_over)

    def _pass_over(self, connection: socket.socket) -> None:
        try:
            is_more = bool(connection.recv(2**16))
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            is_more = False
        if not is_more:
            self._give_up(connection)

    def _watch(self, connection: socket.socket, ready: Callable[[socket.socket], None]) -> None:
        self._unfinished[connection].is_watched = True
        self._loop.add_reader(connection, ready, connection)

    def _stop_watching(self, connection: socket.socket, knock: _Knock) -> None:
        if knock.is_watched:
            self._loop.remove_reader(connection)

    def _give_up(self, connection: socket.socket) -> None:
        knock = self._unfinished.pop(connection, None)
        if knock is None:
            return
        knock.timer.cancel()
        if knock.handshake is not None:
            knock.handshake.add_done_callback(lambda _: connection.close())  # it may not even have begun
            knock.handshake.cancel()
        else:
            self._stop_watching(connection, knock)
            connection.close()
