"""``/metrics`` for Prometheus, on an address of its own: for whoever runs the server, not for its users."""

import asyncio
import contextlib
import logging
import resource
from collections.abc import AsyncIterator

from veche.app.settings import BadSetting
from veche.app.wiring import Running

_log = logging.getLogger("veche.metrics")

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
        _log.info("figures for Prometheus are served on %s:%d", host, server.sockets[0].getsockname()[1])
        yield


def figures(running: Running) -> str:
    """Return the figures in Prometheus's text format; sizes in bytes, times in seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    rows = (
        ("veche_log_position", "counter", "The newest position of the log.", running.live.tail.head),
        ("veche_long_polls", "gauge", "Long polls that wait now.", running.live.notifier.listeners),
        ("veche_commands_waiting", "gauge", "Commands that wait for their group.", running.writer.waiting),
        ("veche_write_ahead_bytes", "gauge", "Size of the database's write-ahead log.", running.engine.log_bytes),
        *_search_figures(running),
        *_mail_figures(running),
        *_push_figures(running),
        ("veche_cpu_seconds_total", "counter", "Processor time used.", round(used.ru_utime + used.ru_stime, 3)),
        ("veche_peak_memory_bytes", "gauge", "Most memory ever used.", used.ru_maxrss * 1024),
    )
    return "".join(f"# HELP {name} {text}\n# TYPE {name} {kind}\n{name} {value}\n" for name, kind, text, value in rows)


def _push_figures(running: Running) -> tuple[tuple[str, str, str, int], ...]:
    """Return what became of pushes, where any are sent."""
    if not running.commands.limits.push_gateways.allowed:
        return ()
    pushers = running.live.pushers
    return (
        ("veche_push_waiting", "gauge", "Pushers that have something to tell now.", pushers.waiting),
        ("veche_push_delivered_total", "counter", "Notifications that gateways took.", pushers.sending.delivered),
        ("veche_push_failed_total", "counter", "Tries that failed.", pushers.sending.failed),
        ("veche_push_dropped_total", "counter", "Notifications that a gateway refused.", pushers.sending.dropped),
        ("veche_push_rejected_total", "counter", "Pushers that a gateway rejected.", pushers.sending.rejected),
    )


def _mail_figures(running: Running) -> tuple[tuple[str, str, str, int], ...]:
    """Return what became of letters, where mail is sent."""
    if not running.commands.limits.sends_mail:
        return ()
    letters = running.live.letters
    return (
        ("veche_mail_waiting", "gauge", "Letters that wait to be sent, at last look.", letters.waiting),
        ("veche_mail_sent_total", "counter", "Letters that the mail server took.", letters.sent),
        ("veche_mail_put_off_total", "counter", "Tries that are repeated later.", letters.put_off),
        ("veche_mail_given_up_total", "counter", "Letters that are not sent any more.", letters.given_up),
    )


def _search_figures(running: Running) -> tuple[tuple[str, str, str, int], ...]:
    """Return how far the search index follows, where one is kept."""
    if not running.indexing.is_on:
        return ()
    position = running.indexing.position
    behind = max(0, running.live.tail.head - position)
    return (
        ("veche_search_position", "gauge", "How far the search index has followed the log; 0 at first.", position),
        ("veche_search_behind", "gauge", "Positions of the log that the search index does not know yet.", behind),
    )


def _reply(running: Running, request: bytes) -> bytes:
    target = request.split(b" ", 2)[1:2]
    if not request.startswith(b"GET ") or target != [b"/metrics"]:
        return b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    body = figures(running).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\nconnection: close\r\n"
    return b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body)
