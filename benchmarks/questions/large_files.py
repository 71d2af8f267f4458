"""How fast does a large file go up and down, and what does it cost in memory?

Load: one client on one connection uploads a file of 1 GiB and downloads it again, several times, each another file.
Before each, the same bytes go through an echo under bare uvicorn: every part is sent back as it comes, nothing is
hashed or kept.
Counted: from the first byte of the request to the last of the answer; medians. The memory is the most that the server
held meanwhile, more than before. Upload ends when the file is on the disk, so a slow disk is part of its figure; what
the disk takes by itself is told beside it.
"""

import asyncio
import os
import statistics
import sys
import time
from pathlib import Path

import msgspec

from benchmarks.accounting import Meter, begin_peak, peak
from benchmarks.people import Person
from benchmarks.question import Answer, Question
from benchmarks.results import Measure
from benchmarks.server import Running, free_port, start
from benchmarks.streams import PART, UPLOAD, Streamed, exchange, expect
from benchmarks.towns import Town, Towns

MIB = 2**20
GIB = 2**30


class Round(msgspec.Struct, frozen=True):
    """MiB a second of each way, CPU seconds of the process that carried it, and the most KiB the server grew by."""

    echo: float
    disk: float
    up: float
    down: float
    cpu: dict[str, float]
    growth: int


async def ask(towns: Towns) -> Answer:
    """Everything on the server's one core, the echo too."""
    size = towns.scale.large_file
    echo = await _start_echo(towns.folder)
    try:
        async with towns.town() as town:
            await _sent(town, town.people[0], MIB, b"warm")
            rounds = [await _round(towns, town, echo, size, number) for number in range(towns.scale.transfers)]
    finally:
        await echo.stop()
    up, down, echoed = (statistics.median(getattr(each, way) for each in rounds) for way in ("up", "down", "echo"))
    shares = size / GIB
    spent = {way: statistics.median(each.cpu[way] for each in rounds) for way in ("echo", "up", "down")}
    measures = (
        Measure("upload", up, "MiB/s"),
        Measure("upload / echo", up / echoed, "", at_least=0.6),
        Measure("download", down, "MiB/s"),
        Measure("download / echo", down / echoed, "", at_least=0.6),
        Measure("growth of the server's RSS", max(each.growth for each in rounds) / 1024, "MiB", at_most=32),
        *(Measure(f"CPU per GiB, {way}", seconds / shares, "s") for way, seconds in spent.items()),
    )
    disk = statistics.median(each.disk for each in rounds)
    told = f"the echo moved {echoed:,.0f} MiB/s; the disk alone took {disk:,.0f} MiB/s, written and confirmed"
    return Answer(measures, (told,))


async def _round(towns: Towns, town: Town, echo: Running, size: int, number: int) -> Round:
    person, pid = town.people[0], town.running.pid
    meter = Meter(echo.pid)
    echoed = expect(await asyncio.to_thread(exchange, echo.port, "POST", "/echo", "", size), size)
    spent = {"echo": meter.lap().cpu}
    disk = await asyncio.to_thread(_written, towns.folder / "alone", size)
    before, meter = begin_peak(pid), Meter(pid)
    up = await _sent(town, person, size, b"%d" % number)
    spent["up"] = meter.lap().cpu
    address = up.body.partition(b"mxc://")[2].partition(b'"')[0].decode()
    path = f"/_matrix/client/v1/media/download/{address}"
    down = expect(await asyncio.to_thread(exchange, town.running.port, "GET", path, person.token), size)
    spent["down"] = meter.lap().cpu
    return Round(echoed.rate(size), disk, up.rate(size), down.rate(size), spent, peak(pid) - before)


async def _sent(town: Town, person: Person, size: int, seed: bytes) -> Streamed:
    return expect(await asyncio.to_thread(exchange, town.running.port, "POST", UPLOAD, person.token, size, seed))


def _written(path: Path, size: int) -> float:
    """MiB a second of writing a file of that size and waiting until it is on the disk."""
    began = time.perf_counter()
    with path.open("wb", buffering=0) as file:
        for _ in range(size // len(PART)):
            file.write(PART)
        os.fsync(file.fileno())
    seconds = time.perf_counter() - began
    path.unlink()
    return size / MIB / seconds


async def _start_echo(folder: Path) -> Running:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "benchmarks.floor_echo:app", "--http", "httptools", "--loop", "uvloop"]
    command += ["--lifespan", "off", "--no-access-log", "--log-level", "warning", "--port", str(port)]
    return await start(command, port, folder / "floor_echo.log", ready="/source?0")


QUESTION = Question(
    title=lambda scale: f"a file of {scale.large_file // MIB:,} MiB up and down again, beside a bare echo",
    people=lambda _: 1,
    ask=ask,
)
