"""Calling out over HTTP: bounded in time, size and number, never further than to the addresses that were allowed.

The library is loaded with the first call: a server that calls nobody pays nothing for it.
"""

import asyncio
import concurrent.futures
import contextlib
import importlib
import socket
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from veche.domain.notifications.gateways import Network
from veche.integrations.certificates.trusting import Trust
from veche.integrations.outgoing.addresses import may_be_reached

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

CONNECTING_S = 5.0
WHOLE_CALL_S = 20.0
LARGEST_ANSWER = 64 * 1024
CALLS_AT_ONCE = 8
"""To one origin; other origins do not wait for them."""
LOOKUPS_AT_ONCE = 32
"""Of names. However many calls wait for a name, it holds one thread, and a silent name server holds that for long."""
IDLE_S = 30.0
"""For how long a connection is kept for the next call."""

AddressInfo = tuple[Any, Any, int, str, Any]


class Answer(msgspec.Struct, frozen=True):
    """What came back. ``retry_after_s`` is what the peer asked for, where it did so in seconds."""

    status: int
    body: bytes
    retry_after_s: float | None = None


class Unreachable(Exception):
    """There was no answer, none in time, one too large, or nobody may be called there. The message says which."""


class Outgoing:
    """The client. ``listed`` are networks beyond the open internet; ``authorities`` files of further certificates.

    Redirects are answers like any other, cookies are not kept, and proxies named in the environment not used.
    """

    def __init__(
        self,
        listed: Iterable[Network],
        agent: str,
        authorities: Callable[[], Iterable[Path]] = tuple,
        whole_call_s: float = WHOLE_CALL_S,
    ) -> None:
        self._listed = tuple(listed)
        self._agent = agent
        self._trust = Trust(authorities)
        self._whole_call_s = whole_call_s
        self._threads: concurrent.futures.ThreadPoolExecutor | None = None
        self._opening: asyncio.Task[ClientSession] | None = None
        self._slots: dict[str, asyncio.Semaphore] = {}
        self._lookups: dict[str, asyncio.Task[list[AddressInfo]]] = {}

    async def post(self, origin: str, path: str, body: bytes) -> Answer:
        """Send JSON and return what comes back, whatever its status. Raises ``Unreachable``.

        ``origin`` is ``scheme://host:port`` in plain form: a name of ASCII letters, or an address.
        """
        async with self._slots.setdefault(origin, asyncio.Semaphore(CALLS_AT_ONCE)):
            try:
                async with asyncio.timeout(self._whole_call_s):
                    return await self._post(origin, path, body)
            except TimeoutError:
                raise Unreachable("no answer in time") from None
            except (OSError, ValueError) as fault:
                raise Unreachable(str(fault) or type(fault).__name__) from None

    async def close(self) -> None:
        """Close what is open."""
        if self._opening is None or self._threads is None:
            return
        for asked in self._lookups.values():
            asked.cancel()
        with contextlib.suppress(Exception):
            await (await self._opening).close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _post(self, origin: str, path: str, body: bytes) -> Answer:
        session, trusted = await self._session(), await self._trust.context()
        import aiohttp

        kind = {"Content-Type": "application/json"}
        try:
            async with session.post(
                origin + path, data=body, headers=kind, allow_redirects=False, ssl=trusted
            ) as response:
                return Answer(response.status, await _read(response), _seconds(response.headers.get("Retry-After")))
        except aiohttp.ClientError as fault:
            raise Unreachable(str(fault) or type(fault).__name__) from None

    async def _session(self) -> "ClientSession":
        if self._opening is None or (self._opening.done() and self._opening.exception() is not None):
            self._threads = self._threads or concurrent.futures.ThreadPoolExecutor(LOOKUPS_AT_ONCE, "veche-outgoing")
            self._opening = asyncio.create_task(self._open())
        return await asyncio.shield(self._opening)

    async def _open(self) -> "ClientSession":
        """Load the library on a thread: it takes a fifth of a second."""
        await asyncio.get_running_loop().run_in_executor(self._threads, importlib.import_module, "aiohttp")
        return _open_session(self._lookup, self._socket, self._agent)

    async def _lookup(self, host: str) -> list[AddressInfo]:
        """Look a name up, or wait for the call that is doing so already."""
        asked = self._lookups.get(host)
        if asked is None:
            asked = self._lookups[host] = asyncio.create_task(self._look_up(host))
            asked.add_done_callback(partial(self._has_looked_up, host))
        return await asyncio.shield(asked)

    def _has_looked_up(self, host: str, asked: "asyncio.Task[list[AddressInfo]]") -> None:
        del self._lookups[host]
        if not asked.cancelled():
            asked.exception()  # whoever waited for it may have gone

    async def _look_up(self, host: str) -> list[AddressInfo]:
        """Look a name up once; what is connected to is exactly what was checked. One bad address spoils all."""
        assert self._threads is not None
        ask = asyncio.get_running_loop().run_in_executor
        found = await ask(self._threads, lambda: socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
        addresses = [str(info[4][0]) for info in found]
        if not addresses or not all(may_be_reached(address, self._listed) for address in addresses):
            raise OSError(
                f"{host} leads to {', '.join(sorted(set(addresses))) or 'nowhere'}, where nobody may be called"
            )
        return found

    def _socket(self, info: AddressInfo) -> socket.socket:
        """The last gate, and the only one for a host that is an address: no socket without leave."""
        family, kind, protocol, _, address = info
        if not may_be_reached(str(address[0]), self._listed):
            raise OSError(f"nobody may be called at {address[0]}")
        return socket.socket(family, kind, protocol)


def _open_session(
    lookup: Callable[[str], Any], factory: Callable[[AddressInfo], socket.socket], agent: str
) -> "ClientSession":
    from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
    from aiohttp.abc import AbstractResolver, ResolveResult

    class Resolver(AbstractResolver):
        """Names are looked up by us."""

        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
        ) -> list[ResolveResult]:
            return [
                ResolveResult(
                    hostname=host,
                    host=str(info[4][0]),
                    port=port,
                    family=info[0],
                    proto=info[2],
                    flags=socket.AI_NUMERICHOST,
                )
                for info in await lookup(host)
            ]

        async def close(self) -> None:
            """Nothing is held."""

    connector = TCPConnector(
        resolver=Resolver(),
        use_dns_cache=False,
        socket_factory=factory,
        limit=0,
        keepalive_timeout=IDLE_S,
    )
    return ClientSession(
        connector=connector,
        cookie_jar=DummyCookieJar(),
        headers={"User-Agent": agent},
        skip_auto_headers=("Accept-Encoding",),
        auto_decompress=False,
        trust_env=False,
        timeout=ClientTimeout(total=None, sock_connect=CONNECTING_S),
        read_bufsize=LARGEST_ANSWER,
    )


async def _read(response: "ClientResponse") -> bytes:
    """Read an answer that may be of any size, but no further than is good for us."""
    body = bytearray()
    async for part in response.content.iter_any():
        body += part
        if len(body) > LARGEST_ANSWER:
            response.close()
            raise Unreachable(f"the answer is larger than {LARGEST_ANSWER} bytes")
    return bytes(body)


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 8 else None
