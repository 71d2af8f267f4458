"""What does a TLS handshake cost the server, and what a connection that stays?

Load: clients that trust the server's own authority connect one after the other, verify and hang up; each time a whole
handshake (ECDSA P-256), in TLS 1.3, in 1.2, and with the ticket of an earlier visit. Then some connect and stay.
Counted: CPU of the server from accepting to the end / connections; growth of its memory / connections that stay.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from benchmarks.accounting import Meter, memory
from benchmarks.contestants import veche
from benchmarks.question import Answer, Question
from benchmarks.results import Measure, cpu
from benchmarks.server import ONE_CORE, Running, free_port, start
from benchmarks.towns import Towns
from benchmarks.wire import connect

STAYING = 200


async def ask(towns: Towns) -> Answer:
    """A server of its own: the towns speak plain HTTP."""
    if not towns.speaks_tls:
        return Answer((), ("not asked: this server leaves TLS to a proxy",))
    data, port = towns.folder / "tls", free_port()
    settings = ("--set", "tls=on", "--set", "trust_port=0")
    command = [*veche().command(data, port, ""), *settings]
    authority = data / "tls" / "ca.crt"
    running = await start(command, port, towns.folder / "server.log", cores=ONE_CORE, trust=authority)
    try:
        return Answer(await _measures(running, authority, towns.scale.handshakes))
    finally:
        await running.stop()


async def _measures(running: Running, authority: Path, count: int) -> tuple[Measure, ...]:
    newest, older = _trusting(authority), _trusting(authority)
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    tickets = _trusting(authority)
    earlier = await asyncio.to_thread(_visit, running.port, tickets, None)
    whole = await _cost(running, count, lambda: _visit(running.port, newest, None))
    old = await _cost(running, count, lambda: _visit(running.port, older, None))
    again = await _cost(running, count, lambda: _visit(running.port, tickets, earlier))
    staying = min(count, STAYING)
    before = memory(running.pid).pss
    lines = [await connect(running.port, newest) for _ in range(staying)]
    await asyncio.sleep(1)
    held = (memory(running.pid).pss - before) / staying
    for line in lines:
        line.close()
    return (
        cpu("whole handshake, TLS 1.3", whole, at_most=3, unit="ms"),
        cpu("whole handshake, TLS 1.2", old, at_most=3, unit="ms"),
        cpu("handshake with a ticket, TLS 1.3", again, unit="ms"),
        Measure("PSS growth per connection that stays", held, "KiB"),
    )


async def _cost(running: Running, count: int, visit: Callable[[], object]) -> float:
    """CPU microseconds of the server for one visit."""

    def visits() -> None:
        for _ in range(count):
            visit()

    meter = Meter(running.pid)
    await asyncio.to_thread(visits)
    return meter.lap().micros_per(count)


def _visit(port: int, context: ssl.SSLContext, earlier: ssl.SSLSession | None) -> ssl.SSLSession | None:
    """Connect, verify, take the ticket that comes behind the handshake, hang up."""
    plain = socket.create_connection(("127.0.0.1", port))
    with plain, context.wrap_socket(plain, server_hostname="127.0.0.1", session=earlier) as line:
        if bool(earlier) is not line.session_reused:
            raise RuntimeError("a handshake was resumed that should be whole, or the other way round")
        line.sendall(b"GET /_matrix/client/versions HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
        while line.recv(2**16):
            pass
        return line.session


def _trusting(authority: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority)


QUESTION = Question(
    title=lambda scale: f"TLS handshakes, {scale.handshakes:,} of each kind, with one request each",
    people=lambda scale: 1,
    ask=ask,
    connections=lambda scale: 10,
)
