"""``/metrics`` for Prometheus, on an address of its own: for whoever runs the server, not for its users."""

import asyncio
import contextlib
import resource
from collections.abc import AsyncIterator

from veche.app.settings import BadSetting
from veche.app.wiring import Running

_LONGEST_REQUEST = 8_192
_SECONDS = 10


@contextlib.asynccontextmanager
async def serving(running: Running, address: str) -> AsyncIterator[None]:
    """Serve the figures at ``host:port``; an empty address serves nothing."""
    if not address:
        yield
        return
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit():
        raise BadSetting(f"metrics must be host:port, not {address!r}")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            request = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _SECONDS)
            writer.write(_reply(running, request))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, host.strip("[]") or "127.0.0.1", int(port), limit=_LONGEST_REQUEST)
    async with server:
        yield


def figures(running: Running) -> str:
    """Return the figures in Prometheus's text format; sizes in bytes, times in seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    rows = (
        ("veche_log_position", "counter", "The newest position of the log.", running.live.tail.head),
        ("veche_long_polls", "gauge", "Long polls that wait now.", running.live.notifier.listeners),
        ("veche_commands_waiting", "gauge", "Commands that wait for their group.", running.writer.waiting),
        ("veche_write_ahead_bytes", "gauge", "Size of the database's write-ahead log.", running.engine.log_bytes),
        ("veche_cpu_seconds_total", "counter", "Processor time used.", round(used.ru_utime + used.ru_stime, 3)),
        ("veche_peak_memory_bytes", "gauge", "Most memory ever used.", used.ru_maxrss * 1024),
    )
    return "".join(f"# HELP {name} {text}\n# TYPE {name} {kind}\n{name} {value}\n" for name, kind, text, value in rows)


def _reply(running: Running, request: bytes) -> bytes:
    target = request.split(b" ", 2)[1:2]
    if not request.startswith(b"GET ") or target != [b"/metrics"]:
        return b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    body = figures(running).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\nconnection: close\r\n"
    return b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body)
