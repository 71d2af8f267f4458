"""The outgoing client before peers that are hostile, slow or silent: time, size and number are bounded."""

import asyncio
import contextlib
import socket
import threading
from typing import Any

import pytest

from tests.stage.peers import GOOD, LOOPBACK, Speak, peer, read_request, run
from veche.domain.notifications.gateways import NOTIFY_PATH, gateways_from
from veche.integrations.gateways import NotDelivered, PushGateways
from veche.integrations.outgoing import Answer, Outgoing, Unreachable
from veche.integrations.outgoing.client import CALLS_AT_ONCE, LARGEST_ANSWER


async def _silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def _endless_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"x-more: " + b"y" * 4_000 + b"\r\n")
        await writer.drain()


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)


async def _nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"\x00\xff hello\r\n\r\n")


async def _bomb(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n\x1f\x8b")


@pytest.mark.parametrize("speak", [_silence, _drip, _flood, _endless_head, _hang_up, _nonsense, _bomb])
def test_hostile_peers_come_to_an_end(speak: Speak) -> None:
    async def story() -> None:
        async with peer(speak) as (port, brought):
            outgoing = Outgoing(LOOPBACK, "Veche/test", whole_call_s=0.5)
            await _load(outgoing)
            gateways = PushGateways(gateways_from(f"http://127.0.0.1:{port}"), outgoing)
            with pytest.raises(NotDelivered):
                await gateways.push(f"http://127.0.0.1:{port}{NOTIFY_PATH}", b"{}")
            await outgoing.close()
        assert len(brought) == 1

    run(story())


async def _load(outgoing: Outgoing) -> None:
    """Let the client load what it does with its first call, however long that takes."""
    async with peer() as (port, brought):
        while not brought:
            with contextlib.suppress(Unreachable):
                await outgoing.post(f"http://127.0.0.1:{port}", NOTIFY_PATH, b"{}")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"rejected":null}',
        b'{"rejected":[1]}',
        b'{"rejected":{}}',
        b"[" * 60_000,
        b"\xff",
        b"{}",
    ],
)
def test_an_answer_that_is_none_counts_for_nothing(body: bytes) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))

    async def story() -> None:
        async with peer(speak) as (port, _):
            outgoing = Outgoing(LOOPBACK, "Veche/test")
            with pytest.raises(NotDelivered, match="not that of a push gateway"):
                await PushGateways(gateways_from(f"http://127.0.0.1:{port}"), outgoing).push(
                    f"http://127.0.0.1:{port}{NOTIFY_PATH}", b"{}"
                )
            await outgoing.close()

    run(story())


@pytest.mark.parametrize(
    ("head", "is_final", "wait"),
    [
        (b"500 X\r\n", False, 0.0),
        (b"503 X\r\nretry-after: 7\r\n", False, 7.0),
        (b"429 X\r\nretry-after: 99999\r\n", False, 3600.0),
        (b"429 X\r\nretry-after: Fri, 01 Jan 2027 00:00:00 GMT\r\n", False, 0.0),
        (b"404 X\r\n", False, 0.0),
        (b"400 X\r\n", True, 0.0),
        (b"413 X\r\n", True, 0.0),
        (b"204 X\r\n", False, 0.0),
    ],
)
def test_what_a_refusal_says(head: bytes, is_final: bool, wait: float) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 " + head + (b"\r\n" if head.startswith(b"204") else b"content-length: 0\r\n\r\n"))

    async def story() -> None:
        async with peer(speak) as (port, _):
            outgoing = Outgoing(LOOPBACK, "Veche/test")
            with pytest.raises(NotDelivered) as caught:
                await PushGateways(gateways_from(f"http://127.0.0.1:{port}"), outgoing).push(
                    f"http://127.0.0.1:{port}{NOTIFY_PATH}", b"{}"
                )
            assert (caught.value.is_final, caught.value.retry_after_s) == (is_final, wait)
            await outgoing.close()

    run(story())


def test_what_is_sent() -> None:
    requests: list[tuple[bytes, bytes]] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await read_request(reader))
        writer.write(
            b"HTTP/1.1 200 OK\r\nset-cookie: a=b\r\ncontent-length: 15\r\nconnection: close\r\n\r\n" + GOOD[-15:]
        )

    async def story() -> None:
        async with peer(speak) as (port, _):
            outgoing = Outgoing(LOOPBACK, "Veche/9")
            for _ in range(2):
                answer = await outgoing.post(f"http://127.0.0.1:{port}", NOTIFY_PATH, b'{"a":1}')
                assert answer == Answer(200, b'{"rejected":[]}')
            await outgoing.close()

    run(story())
    head, body = requests[1]
    first, *fields = head.decode().split("\r\n")
    assert first == f"POST {NOTIFY_PATH} HTTP/1.1"
    found = dict(field.lower().split(": ", 1) for field in fields)
    assert found.pop("host").startswith("127.0.0.1:")
    assert found == {
        "content-type": "application/json",
        "user-agent": "veche/9",
        "accept": "*/*",
        "content-length": "7",
    }
    assert body == b'{"a":1}'


def test_a_silent_peer_keeps_no_other_waiting() -> None:
    async def story() -> None:
        async with peer(_silence) as (silent, _), peer() as (good, _):
            outgoing = Outgoing(LOOPBACK, "Veche/test", whole_call_s=30.0)
            waiting = [
                asyncio.create_task(outgoing.post(f"http://127.0.0.1:{silent}", NOTIFY_PATH, b"{}"))
                for _ in range(4 * CALLS_AT_ONCE)
            ]
            await asyncio.sleep(0.05)
            for _ in range(3):
                assert (await outgoing.post(f"http://127.0.0.1:{good}", NOTIFY_PATH, b"{}")).status == 200
            assert not any(task.done() for task in waiting)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            await outgoing.close()

    run(story())


def test_a_name_that_nobody_knows_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, silence, real = [], threading.Event(), socket.getaddrinfo

    def lookup(host: str, *rest: Any, **more: Any) -> Any:
        asked.append(host)
        if host == "silent.example":
            silence.wait(8)
            raise socket.gaierror("nobody knows")
        return real("127.0.0.1", *rest, **more)

    async def story() -> None:
        monkeypatch.setattr(socket, "getaddrinfo", lookup)
        async with peer() as (port, _):
            outgoing = Outgoing(LOOPBACK, "Veche/test", whole_call_s=30.0)
            waiting = [
                asyncio.create_task(outgoing.post(f"http://silent.example:{port}", NOTIFY_PATH, b"{}"))
                for port in (80, 81)
                for _ in range(CALLS_AT_ONCE)
            ]
            await asyncio.sleep(0.05)
            for _ in range(2):
                assert (await outgoing.post(f"http://good.example:{port}", NOTIFY_PATH, b"{}")).status == 200
            assert asked.count("silent.example") == 1, "all wait for one answer"
            waiting.pop().cancel()
            silence.set()
            ends = await asyncio.gather(*waiting, return_exceptions=True)
            assert {type(end) for end in ends} == {Unreachable}
            await outgoing.close()

    try:
        run(story())
    finally:
        silence.set()


def test_closing_waits_for_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, silence = threading.Event(), threading.Event()

    def lookup(*_: Any, **__: Any) -> Any:
        asked.set()
        silence.wait(30)
        raise socket.gaierror("nobody knows")

    async def story() -> None:
        monkeypatch.setattr(socket, "getaddrinfo", lookup)
        outgoing = Outgoing(LOOPBACK, "Veche/test", whole_call_s=60.0)
        call = asyncio.create_task(outgoing.post("http://silent.example:80", NOTIFY_PATH, b"{}"))
        await asyncio.to_thread(asked.wait, 30)
        await outgoing.close()
        (end,) = await asyncio.gather(call, return_exceptions=True)
        assert isinstance(end, asyncio.CancelledError)
        assert not silence.is_set(), "the lookup itself goes on"
        silence.set()

    try:
        run(story())
    finally:
        silence.set()


def test_no_more_calls_at_once_than_agreed() -> None:
    now = most = 0
    many = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal now, most
        await read_request(reader)
        now += 1
        most = max(most, now)
        if now == CALLS_AT_ONCE:
            many.set()
        await many.wait()
        await asyncio.sleep(0.01)  # for one too many, if it comes
        now -= 1
        writer.write(GOOD)

    async def story() -> None:
        async with peer(speak) as (port, _):
            outgoing = Outgoing(LOOPBACK, "Veche/test")
            calls = [outgoing.post(f"http://127.0.0.1:{port}", NOTIFY_PATH, b"{}") for _ in range(5 * CALLS_AT_ONCE)]
            await asyncio.gather(*calls, return_exceptions=True)
            await outgoing.close()

    run(story())
    assert most == CALLS_AT_ONCE


def test_largest_answer_is_read_whole() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % LARGEST_ANSWER + b"x" * LARGEST_ANSWER)

    async def story() -> None:
        async with peer(speak) as (port, _):
            outgoing = Outgoing(LOOPBACK, "Veche/test")
            answer = await outgoing.post(f"http://127.0.0.1:{port}", NOTIFY_PATH, b"{}")
            assert len(answer.body) == LARGEST_ANSWER
            await outgoing.close()

    run(story())
