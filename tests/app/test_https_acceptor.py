"""How connections come in: through the handshake in time, or not at all, and nobody waits for anybody else."""

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
import uvloop

from tests.stage.certificates import foreign_leaf, written
from veche.app.https import acceptor
from veche.app.https.acceptor import Acceptor
from veche.app.https.plain import answer_to_plain
from veche.integrations.certificates.contexts import server_context
from veche.integrations.certificates.folder import Files


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """The loop that the server runs on."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as made:
        yield made


class Echo(asyncio.Protocol):
    """Sends back what comes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


class Gate:
    """An acceptor on a free port of loopback, with an echo behind it."""

    def __init__(self, folder: Path) -> None:
        paper = foreign_leaf(None)
        certificate, key = written(folder, "gate", paper.pem, paper.key_pem())
        self.trust = ssl.create_default_context(cafile=certificate)
        self.context = server_context(Files(certificate, key))
        self.listening = socket.socket()
        self.listening.bind(("127.0.0.1", 0))
        self.port: int = self.listening.getsockname()[1]
        self.acceptor = Acceptor(self.listening, Echo, lambda: self.context)

    @asynccontextmanager
    async def connection(
        self, trust: ssl.SSLContext | None
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """Connect, with TLS where something is trusted."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=trust)
        yield reader, writer
        writer.transport.abort()

    async def lives(self) -> bool:
        """Say whether somebody honest is served."""
        async with self.connection(self.trust) as (reader, writer):
            writer.write(b"hello")
            return await reader.readexactly(5) == b"hello"


@asynccontextmanager
async def open_gate(folder: Path) -> AsyncIterator[Gate]:
    """A gate that is open."""
    gate = Gate(folder)
    gate.acceptor.start()
    yield gate
    gate.acceptor.close()
    await gate.acceptor.wait_closed()


async def test_honest_clients_are_served(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        assert await asyncio.gather(*(gate.lives() for _ in range(100))) == [True] * 100


async def test_who_says_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor, "HANDSHAKE_SECONDS", 0.1)
    async with open_gate(tmp_path) as gate:
        for beginning in (b"", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00"):
            async with gate.connection(None) as (reader, writer):
                writer.write(beginning)
                assert await reader.read() == b""
        async with gate.connection(gate.trust) as (reader, writer):
            await asyncio.sleep(0.3)
            writer.write(b"late")
            assert await reader.readexactly(4) == b"late", "only the handshake has to be quick"


async def test_who_says_nonsense_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor, "HANDSHAKE_SECONDS", 0.2)  # some nonsense looks like the beginning of a long record
    async with open_gate(tmp_path) as gate:
        for nonsense in (b"\x16" * 100, b"\x16\x03\x01\x00\x05hello", b"\x16\x03\x01\xff\xff" + b"x" * 70_000):
            async with gate.connection(None) as (reader, writer):
                writer.write(nonsense)
                with contextlib.suppress(ConnectionResetError):
                    await reader.read()
        assert await gate.lives()


@asynccontextmanager
async def half_handshakes(
    gate: Gate, count: int
) -> AsyncIterator[list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]:
    """Connections that began a handshake and stopped there."""
    lines = [await asyncio.open_connection("127.0.0.1", gate.port) for _ in range(count)]
    for _, writer in lines:
        writer.write(b"\x16\x03\x01\x02\x00")
    yield lines
    for _, writer in lines:
        writer.transport.abort()


async def test_the_oldest_unfinished_handshake_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor, "MOST_UNFINISHED", 20)
    async with open_gate(tmp_path) as gate, half_handshakes(gate, 30) as lines:
        for reader, _ in lines[:10]:
            assert await reader.read() == b""
        assert await gate.lives()
        assert await asyncio.gather(*(gate.lives() for _ in range(15))) == [True] * 15


async def test_closing_gives_up_what_is_unfinished_and_leaves_what_stands(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate, half_handshakes(gate, 5) as lines, gate.connection(gate.trust) as line:
        assert await gate.lives()
        gate.acceptor.close()
        for reader, _ in lines:
            assert await reader.read() == b""
        line[1].write(b"still here")
        assert await line[0].readexactly(10) == b"still here"
        with pytest.raises(ConnectionRefusedError):
            await gate.lives()


async def test_a_machine_without_descriptors_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor, "_REST_SECONDS", 0.05)
    faults = [OSError(errno.EMFILE, "Too many open files"), ConnectionAbortedError()]
    accept = socket.socket.accept

    def poorly(listening: socket.socket) -> tuple[socket.socket, Any]:
        if faults:
            raise faults.pop(0)
        return accept(listening)

    monkeypatch.setattr(socket.socket, "accept", poorly)
    async with open_gate(tmp_path) as gate:
        assert await gate.lives()
        assert faults == []


async def test_plain_http_is_told_where_https_is(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        for _ in range(3):
            async with gate.connection(None) as (reader, writer):
                writer.write(b"PUT /x HTTP/1.1\r\nHost: office:8008\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)
                answer = await reader.read()
                assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
                assert b'"errcode": "M_UNRECOGNIZED"' in answer
        assert await gate.lives()


BROWSER = "Accept: text/html,*/*;q=0.8\r\n"


@pytest.mark.parametrize(
    ("request_text", "location"),
    [
        (f"GET / HTTP/1.1\r\nHost: office:8008\r\n{BROWSER}\r\n", "https://office:8008/"),
        (f"GET /a?b=c%20d HTTP/1.1\r\nhost:[fd00::7]:8008\r\n{BROWSER}\r\n", "https://[fd00::7]:8008/a?b=c%20d"),
        (f"HEAD /x HTTP/1.0\r\n{BROWSER}HOST: 192.0.2.7 \r\n\r\n", "https://192.0.2.7/x"),
        ("GET / HTTP/1.1\r\nHost: office:8008\r\n\r\n", None),
        (f"POST / HTTP/1.1\r\nHost: office:8008\r\n{BROWSER}\r\n", None),
        (f"GET / HTTP/1.1\r\n{BROWSER}\r\n", None),
        (f"GET //x\ry HTTP/1.1\r\nHost: office\r\n{BROWSER}\r\n", None),
        (f"GET / HTTP/1.1\r\nHost: office/evil\r\n{BROWSER}\r\n", None),
        (f"GET http://evil/ HTTP/1.1\r\nHost: office\r\n{BROWSER}\r\n", None),
        ("nonsense", None),
        ("\x80\xff", None),
    ],
)
def test_browsers_are_sent_on_and_others_refused(request_text: str, location: str | None) -> None:
    lines = answer_to_plain(request_text.encode("latin-1")).decode().split("\r\n")
    if location is None:
        assert lines[0] == "HTTP/1.1 400 Bad Request"
        assert not any(line.startswith("Location") for line in lines)
    else:
        assert lines[:2] == ["HTTP/1.1 307 Temporary Redirect", f"Location: {location}"]
