"""Does anybody notice that a backup is made, and how soon is it back?

Load: a database with many messages (a million with `--large`); 100 people in rooms of two write 500 messages a second,
quietly at first, then while `veche backup` runs, then quietly again. Afterwards the backup is restored elsewhere.
Counted: from when each message was due to its acknowledgement; wall seconds of the backup and of `veche restore`.
"""

import asyncio
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.history import multiply_messages
from benchmarks.load import Sender, quantile, send_paced
from benchmarks.people import fill, make_room, together
from benchmarks.question import Answer, Question
from benchmarks.results import Measure
from benchmarks.scale import Scale
from benchmarks.towns import Town, Towns

RATE = 500.0
WRITTEN = 10
"""Messages of each room that are really sent; the others are made of them."""
LONGEST = 900.0


async def ask(towns: Towns) -> Answer:
    """Quiet, with the backup, quiet; then the restore."""
    if not towns.backs_up:
        return Answer((), ("not asked: this server leaves backups to others",))
    shelf, new = towns.folder / "backups", towns.folder / "restored"
    async with towns.town() as town:
        senders = await _prepare(towns, town)
        quiet = await send_paced(senders, RATE, towns.scale.seconds * 2)
        beside, took = await _back_up(town, shelf, senders)
        quiet += await send_paced(senders, RATE, towns.scale.seconds)
    database = towns.new_database()
    began = time.perf_counter()
    given = ("--set", f"database={database}") if database else ()
    await asyncio.to_thread(_run, "restore", str(shelf), "--data", str(new), *given)
    restored = time.perf_counter() - began
    size = sum(path.stat().st_size for path in shelf.rglob("*") if path.is_file())
    for folder in (shelf, new):
        shutil.rmtree(folder)
    return _answer(quiet, beside, took, restored, size)


def _answer(quiet: list[float], beside: list[float], took: float, restored: float, size: int) -> Answer:
    ratio = quantile(beside, 0.99) / quantile(quiet, 0.99)
    measures = (
        Measure("acknowledged p99, quiet", quantile(quiet, 0.99), "ms"),
        Measure("acknowledged p99, beside a backup", quantile(beside, 0.99), "ms"),
        Measure("beside a backup / quiet", ratio, "×", at_most=3),
        Measure("backup", took, "s"),
        Measure("restore", restored, "s", at_most=60),
    )
    middle = f"acknowledged p50: quiet {quantile(quiet, 0.5):.2f} ms, beside a backup {quantile(beside, 0.5):.2f} ms"
    return Answer(measures, (middle, f"the backup holds {size / 1e6:,.0f} MB"))


async def _prepare(towns: Towns, town: Town) -> list[Sender]:
    """Rooms of two with a few messages; then many, while the server rests; then all write a little."""
    pairs = [town.people[2 * number :][:2] for number in range(towns.scale.pairs // 2)]
    rooms = await together(make_room(town.pool, pair) for pair in pairs)
    await together(fill(town.pool, room, pair, WRITTEN) for room, pair in zip(rooms, pairs, strict=True))
    await town.running.stop()
    await asyncio.to_thread(multiply_messages, town.data, town.database, towns.scale.backup_messages)
    await towns.restarted(town)
    senders = [town.sender(person, room) for room, pair in zip(rooms, pairs, strict=True) for person in pair]
    await send_paced(senders, RATE, towns.scale.warm)
    return senders


async def _back_up(town: Town, shelf: Path, senders: list[Sender]) -> tuple[list[float], float]:
    """Milliseconds of every message that was written while the backup was made, and the backup's seconds."""
    began = time.perf_counter()
    backup = asyncio.create_task(asyncio.to_thread(_run, "backup", str(shelf), "--data", str(town.data)))
    delays: list[float] = []
    while not backup.done():
        delays += await send_paced(senders, RATE, 0.5)
    await backup
    return delays, time.perf_counter() - began


def _run(*words: str) -> None:
    command = [sys.executable, "-m", "veche", *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=LONGEST)


def title(scale: Scale) -> str:
    """The question at this scale."""
    return f"a backup of {scale.backup_messages:,} messages beside {RATE:g} sends/s, and its restore"


QUESTION = Question(title=title, people=lambda scale: scale.pairs // 2 * 2, ask=ask)
