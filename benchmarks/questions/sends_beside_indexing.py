"""Does keeping the search index slow those who write?

Load: 500 messages a second in rooms of two, the server and its indexing process on two cores; asked with search off,
then with search on.
Counted: from the moment a message was due to its acknowledgement; CPU of the server's own process for each message.
"""

import asyncio

import msgspec

from benchmarks.accounting import cpu_seconds, family
from benchmarks.load import quantile, send_paced
from benchmarks.people import make_room, together
from benchmarks.question import Answer, Question
from benchmarks.results import Measure, cpu
from benchmarks.scale import Scale
from benchmarks.server import TWO_CORES
from benchmarks.towns import Town, Towns

RATE = 500.0


class Sent(msgspec.Struct, frozen=True):
    """Milliseconds to each acknowledgement, and CPU seconds: of the server without its children, and of those."""

    delays: list[float]
    server: float
    indexing: float

    def micros(self, seconds: float) -> float:
        """CPU microseconds for each message."""
        return seconds * 1e6 / max(len(self.delays), 1)


async def ask(towns: Towns) -> Answer:
    """The same load on two fresh servers."""
    without, beside = await _sent(towns, "off"), await _sent(towns, "on")
    measures = (
        Measure("acknowledged p99, search off", quantile(without.delays, 0.99), "ms"),
        Measure("acknowledged p99, indexing beside it", quantile(beside.delays, 0.99), "ms"),
        Measure("acknowledged p50, search off", quantile(without.delays, 0.5), "ms"),
        Measure("acknowledged p50, indexing beside it", quantile(beside.delays, 0.5), "ms"),
        cpu("of the server for each message, search off", without.micros(without.server)),
        cpu("of the server for each message, indexing beside it", beside.micros(beside.server)),
        cpu("of the indexing process for each message", beside.micros(beside.indexing)),
    )
    return Answer(measures, (f"{RATE:g} messages a second",))


async def _sent(towns: Towns, search: str) -> Sent:
    async with towns.town(cores=TWO_CORES, environment={"VECHE_SEARCH": search}) as town:
        pairs = [town.people[2 * number :][:2] for number in range(towns.scale.pairs)]
        rooms = await together(make_room(town.pool, pair) for pair in pairs)
        senders = [town.sender(pair[0], room) for pair, room in zip(pairs, rooms, strict=True)]
        await send_paced(senders, RATE, towns.scale.warm)
        before = await asyncio.to_thread(_cpu, town)
        delays = await send_paced(senders, RATE, towns.scale.seconds * 2)
        after = await asyncio.to_thread(_cpu, town)
        return Sent(delays, after[0] - before[0], after[1] - before[1])


def _cpu(town: Town) -> tuple[float, float]:
    pid = town.running.pid
    children = sum(cpu_seconds(child) for child in family(pid) if child != pid)
    return cpu_seconds(pid) - children, children


def title(scale: Scale) -> str:
    """The question at this scale."""
    return f"{RATE:g} sends/s by {scale.pairs} people, server on two cores: with the search index kept, and without"


QUESTION = Question(title=title, people=lambda scale: scale.pairs * 2, ask=ask)
