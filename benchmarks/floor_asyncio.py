"""The bare floor: an asyncio.Protocol under uvloop that holds polls and answers each with two bytes. Parses nothing.

`/tell?<n>` waits until n polls are held and answers them all, then itself.
"""

import asyncio
import sys
from typing import ClassVar, cast

import uvloop

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class Floor(asyncio.Protocol):
    """One connection; what is held is shared by all of them."""

    held: ClassVar[list[asyncio.WriteTransport]] = []
    teller: ClassVar[asyncio.WriteTransport | None] = None
    wanted: ClassVar[int] = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the connection stands."""
        self.transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        """asyncio: a poll or a tell, always whole."""
        if data.startswith(b"GET /poll"):
            Floor.held.append(self.transport)
        elif data.startswith(b"GET /tell?"):
            Floor.wanted = int(data[10:16].split()[0])
            Floor.teller = self.transport
        else:
            self.transport.write(ANSWER)
            return
        if Floor.teller is not None and len(Floor.held) >= Floor.wanted:
            _tell(Floor.teller)


def _tell(teller: asyncio.WriteTransport) -> None:
    held, Floor.held = Floor.held, []
    Floor.teller = None
    for transport in held:
        transport.write(ANSWER)
    teller.write(ANSWER)


async def serve(port: int) -> None:
    """Answers until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Floor, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
