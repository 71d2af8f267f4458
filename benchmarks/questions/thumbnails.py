"""What does a thumbnail of a photograph cost, and do those who send notice that thumbnails are being made?

Load: photographs of 12 megapixels are uploaded, each another one. For each of some, the first 800x600 is asked for,
one at a time. Then people write into a room, 100 messages a second in all: by turns for two seconds in quiet, and
for two seconds while thumbnails of all sizes are asked for, two at a time.
Counted: from the request for a thumbnail to its complete answer; CPU of the server and its decoding process; from the
moment a message was due to its acknowledgement. On two cores, which the driver shares.
"""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Sequence

from benchmarks.load import quantile, send_paced
from benchmarks.people import Person, make_room
from benchmarks.photographs import another, photograph
from benchmarks.question import Answer, Question
from benchmarks.results import Measure
from benchmarks.server import TWO_CORES
from benchmarks.streams import upload_request
from benchmarks.towns import Town, Towns
from benchmarks.wire import request

WRITERS = 10
RATE = 100.0
AT_ONCE = 2
SLICES = 6
SIZES = ("32&height=32&method=crop", "96&height=96&method=crop", "320&height=240", "640&height=480", "800&height=600")
LARGEST = SIZES[-1]


async def ask(towns: Towns) -> Answer:
    """The first thumbnail starts the decoding process and is not counted."""
    taken = photograph()
    async with towns.town(cores=TWO_CORES) as town:
        owner, writers = town.people[0], town.people[:WRITERS]
        room = await make_room(town.pool, writers)
        senders = [town.sender(person, room) for person in writers]
        files = [await _uploaded(town, owner, another(taken, number)) for number in range(towns.scale.photographs)]
        await _thumbnail(town, owner, files[0], LARGEST)
        alone = files[1 : 1 + max(2, len(files) // 6)]
        meter = town.meter()
        waits = [await _thumbnail(town, owner, file, LARGEST) for file in alone]
        lap = meter.lap()
        await send_paced(senders, RATE, towns.scale.warm)
        looking = Looking(town, owner, files)
        quiet, beside = list[float](), list[float]()
        for _ in range(SLICES):
            quiet += await send_paced(senders, RATE, 2 * towns.scale.seconds / SLICES)
            beside += await looking.beside(send_paced(senders, RATE, 2 * towns.scale.seconds / SLICES))
    before, during = quantile(quiet, 0.99), quantile(beside, 0.99)
    measures = (
        Measure("thumbnail 800x600, median", quantile(waits, 0.5), "ms", at_most=400),
        Measure("CPU per thumbnail 800x600", lap.cpu / len(alone) * 1e3, "ms"),
        Measure("send p99 beside thumbnails, more than in quiet", during - before, "ms", at_most=20),
        Measure("send p99 beside thumbnails", during, "ms"),
        Measure("send p50 beside thumbnails", quantile(beside, 0.5), "ms"),
        Measure("send p99 in quiet", before, "ms"),
    )
    told = f"{looking.made} thumbnails were made beside the sends; a photograph has {len(taken) / 1e6:.1f} MB"
    return Answer(measures, (told,))


async def _uploaded(town: Town, owner: Person, content: bytes) -> str:
    status, answer = await town.pool.fetch(upload_request(owner.token, content, "image/jpeg"))
    if status != 200:
        raise RuntimeError(f"an upload was answered {status} {answer[:200]!r}")
    return answer.partition(b"mxc://")[2].partition(b'"')[0].decode()


async def _thumbnail(town: Town, owner: Person, file: str, size: str) -> float:
    began = time.perf_counter()
    path = f"/_matrix/client/v1/media/thumbnail/{file}?width={size}"
    status, body = await town.pool.fetch(request("GET", path, owner.token))
    if status != 200 or not body.startswith(b"\xff\xd8\xff"):
        raise RuntimeError(f"a thumbnail was answered {status} {body[:200]!r}")
    return (time.perf_counter() - began) * 1e3


class Looking:
    """Asks for thumbnails that nobody has asked for yet, `AT_ONCE` at a time, until told to stop."""

    def __init__(self, town: Town, owner: Person, files: Sequence[str]) -> None:
        self.made = 0
        self._town, self._owner = town, owner
        self._wanted = itertools.product(files, SIZES)
        self._goes_on = False

    async def beside(self, work: Awaitable[list[float]]) -> list[float]:
        """What `work` returns, thumbnails having been made all the while. Returns when the last of them is done."""
        self._goes_on = True
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._look())
            found = await work
            self._goes_on = False
        return found

    async def _look(self) -> None:
        while self._goes_on:
            file, size = next(self._wanted, ("", ""))
            if not file:
                raise RuntimeError(f"{self.made} thumbnails were too few for this machine")
            await _thumbnail(self._town, self._owner, file, size)
            self.made += 1


QUESTION = Question(
    title=lambda scale: (
        f"thumbnails of {scale.photographs} photographs of 12 megapixels, alone and beside {RATE:g} sends/s"
    ),
    people=lambda _: WRITERS,
    ask=ask,
)
