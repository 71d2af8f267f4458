"""A cable between the server and its storage: it can be cut, held so that nothing comes through, and mended."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

PIECE = 65_536


class Cable:
    """Passes everything on between a port of its own and another one, on loopback."""

    def __init__(self, to: int) -> None:
        self.port = 0
        self._to = to
        self._flows = asyncio.Event()
        self._flows.set()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def mend(self) -> None:
        """Let everything through, from now on or again."""
        self._flows.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._meet, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    def hold(self) -> None:
        """Let nothing through, without anybody being told."""
        self._flows.clear()

    async def cut(self) -> None:
        """End all connections and take no new ones."""
        if self._server is not None:
            server, self._server = self._server, None
            server.close()
            connections = list(self._connections)
            for connection in connections:
                connection.cancel()
            await asyncio.gather(*connections, return_exceptions=True)
            await asyncio.sleep(0)  # they are hung up in the loop's next turn

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.ensure_future(self._connect(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(lambda _: self._end(connection, writer))

    def _end(self, connection: "asyncio.Task[None]", writer: asyncio.StreamWriter) -> None:
        """Hang up, also where the cable was cut before anybody had taken the call."""
        self._connections.discard(connection)
        writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        try:
            await asyncio.gather(self._pass_on(reader, back), self._pass_on(there, writer))
        finally:
            back.close()
            with contextlib.suppress(OSError):
                await back.wait_closed()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(PIECE):
                await self._flows.wait()
                writer.write(piece)
                await writer.drain()
            writer.write_eof()


@contextlib.asynccontextmanager
async def laid(to: int) -> AsyncIterator[Cable]:
    """Lay a cable to a port."""
    cable = Cable(to)
    await cable.mend()
    try:
        yield cable
    finally:
        await cable.cut()
