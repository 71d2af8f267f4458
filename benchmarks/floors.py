"""Keeps the two floors running beside a run and measures them: CPU of one long poll answered with two bytes."""

import asyncio
import sys
import time
from pathlib import Path

import msgspec

from benchmarks.accounting import Meter
from benchmarks.server import Running, free_port, start
from benchmarks.wire import Wire, connect, connect_many, request

POLL = request("GET", "/poll", "bench_token_of_a_usual_length_0123456789")


class Floor(msgspec.Struct, frozen=True):
    """CPU microseconds of one answered poll on the bare protocol and in an empty ASGI application."""

    asyncio: float
    asgi: float


class Floors:
    """Both floor servers, on the core of the server that is measured."""

    def __init__(self, bare: Running, asgi: Running) -> None:
        self._bare, self._asgi = bare, asgi

    async def measure(self, connections: int, seconds: float = 0.4) -> Floor:
        """Both floors now, with as many polls held as the question holds."""
        bare = await _micros_per_poll(self._bare, connections, seconds)
        return Floor(bare, await _micros_per_poll(self._asgi, connections, seconds))

    async def stop(self) -> None:
        """Ends both servers."""
        await asyncio.gather(self._bare.stop(), self._asgi.stop())


async def start_floors(folder: Path) -> Floors:
    """Starts both; their logs go to `folder`."""
    one, two = free_port(), free_port()
    bare = [sys.executable, "-m", "benchmarks.floor_asyncio", str(one)]
    asgi = [sys.executable, "-m", "uvicorn", "benchmarks.floor_asgi:app", "--http", "httptools", "--loop", "uvloop"]
    asgi += ["--lifespan", "off", "--no-access-log", "--log-level", "warning", "--backlog", "2048", "--port", str(two)]
    return Floors(
        await start(bare, one, folder / "floor_asyncio.log", ready="/"),
        await start(asgi, two, folder / "floor_asgi.log", ready="/"),
    )


def mean(before: Floor, after: Floor) -> Floor:
    """The floor during a question, from the looks before and after it."""
    return Floor((before.asyncio + after.asyncio) / 2, (before.asgi + after.asgi) / 2)


async def _micros_per_poll(floor: Running, connections: int, seconds: float) -> float:
    wires = await connect_many(floor.port, connections)
    teller = await connect(floor.port)
    tell = request("GET", f"/tell?{connections}")
    for _ in range(5):
        await _round(wires, teller, tell)
    meter, polls, end = Meter(floor.pid), 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        await _round(wires, teller, tell)
        polls += connections
    spent = meter.lap().micros_per(polls)
    for wire in [*wires, teller]:
        wire.close()
    return spent


async def _round(wires: list[Wire], teller: Wire, tell: bytes) -> None:
    left = len(wires) + 1
    done = asyncio.get_running_loop().create_future()

    def answered(status: int, _body: bytes) -> None:
        nonlocal left
        left -= 1
        if status != 200:
            done.set_exception(ConnectionError("a floor hung up"))
        elif left == 0:
            done.set_result(None)

    for wire in wires:
        wire.ask(POLL, answered)
    teller.ask(tell, answered)
    await done
