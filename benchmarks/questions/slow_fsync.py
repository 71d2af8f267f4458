"""Does somebody who only reads notice that the disk is slow?

Load: every fsync and fdatasync takes 300 ms longer (a preloaded shim); ten people write without pause; one who sits in
a quiet room and has caught up asks `/sync?timeout=0` 50 times a second.
Counted: from the moment each sync was due to its answer. Not asked on PostgreSQL, whose disk is another process's.
"""

import asyncio
import shutil
import subprocess
import time
from pathlib import Path

from benchmarks.load import quantile, send_as_acknowledged
from benchmarks.people import LAZY_1000, Person, make_room, store_filter, sync_path, token_now
from benchmarks.question import Answer, Question
from benchmarks.results import Measure
from benchmarks.towns import Town, Towns
from benchmarks.wire import connect, request

WRITERS = 10
RATE = 50.0
SHIM = Path(__file__).resolve().parent.parent / "slow_fsync.c"


async def ask(towns: Towns) -> Answer:
    """The disk is fast while the rooms are made, then slow."""
    if not towns.is_sqlite:
        return Answer((), ("not asked: the disk belongs to PostgreSQL",))
    if shutil.which("cc") is None:
        return Answer((), ("not asked: no C compiler for the shim",))
    slow = towns.folder / "slow"
    environment = {"LD_PRELOAD": str(_compiled(towns.folder)), "BENCH_SLOW_FSYNC": str(slow)}
    async with towns.town(environment=environment) as town:
        busy = await make_room(town.pool, town.people[:WRITERS])
        reader = town.people[WRITERS]
        await make_room(town.pool, [reader])
        senders = [town.sender(person, busy) for person in town.people[:WRITERS]]
        await send_as_acknowledged(senders, towns.scale.warm)
        slow.touch()
        try:
            writing = asyncio.create_task(send_as_acknowledged(senders, towns.scale.seconds))
            delays = await _read(town, reader, towns.scale.seconds)
            acknowledged = quantile(await writing, 0.5)
        finally:
            slow.unlink()
    measures = (
        Measure("caught-up /sync p99", quantile(delays, 0.99), "ms", at_most=20),
        Measure("caught-up /sync p50", quantile(delays, 0.5), "ms"),
    )
    effect = "" if acknowledged >= 300 else "; THE SHIM HAD NO EFFECT"
    return Answer(measures, (f"the writers were acknowledged in {acknowledged:.0f} ms (median){effect}",))


async def _read(town: Town, reader: Person, seconds: float) -> list[float]:
    chosen = await store_filter(town.pool, reader, LAZY_1000)
    asked = request("GET", sync_path(chosen, await token_now(town.pool, reader)), reader.token)
    wire = await connect(town.running.port)
    delays: list[float] = []
    began = time.perf_counter()
    for number in range(int(RATE * seconds)):
        due = began + number / RATE
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        status, _ = await wire.fetch(asked)
        if status != 200:
            raise RuntimeError(f"a sync was answered {status}")
        delays.append((time.perf_counter() - due) * 1e3)
    wire.close()
    return delays


def _compiled(folder: Path) -> Path:
    shim = folder / "slow_fsync.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", shim, SHIM, "-ldl"], check=True)
    return shim


QUESTION = Question(
    title=lambda _: f"a caught-up /sync while {WRITERS} people write and every fsync takes 300 ms longer",
    people=lambda _: WRITERS + 1,
    ask=ask,
)
