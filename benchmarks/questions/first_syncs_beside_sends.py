"""Do people who write notice that others open their clients?

Load: an office (50 rooms × 100 members); 50 messages a second in its rooms while 4 clients repeat first syncs with
lazy members. The server has two cores.
Counted: from the moment a message was due to its acknowledgement.
"""

import asyncio

from benchmarks.load import quantile, send_paced
from benchmarks.people import LAZY, Person, inline, sync_path
from benchmarks.question import Answer, Question
from benchmarks.results import Measure
from benchmarks.scale import Scale
from benchmarks.server import TWO_CORES
from benchmarks.towns import Town, Towns

RATE = 50.0
CLIENTS = 4


async def ask(towns: Towns) -> Answer:
    """The clients sync from before the first message until after the last."""
    async with towns.office(cores=TWO_CORES) as town:
        senders = [town.sender(town.people[number % 10], room) for number, room in enumerate(town.rooms)]
        done: list[int] = []
        openers = [asyncio.create_task(_repeat(town, person, done)) for person in town.people[10 : 10 + CLIENTS]]
        try:
            await send_paced(senders, RATE, towns.scale.warm)
            done.clear()
            meter = town.meter()
            delays = await send_paced(senders, RATE, towns.scale.seconds * 2)
            lap = meter.lap()
        finally:
            for opener in openers:
                opener.cancel()
            ended = await asyncio.gather(*openers, return_exceptions=True)
        for fault in ended:
            if isinstance(fault, Exception):
                raise fault
    measures = (
        Measure("acknowledged p99", quantile(delays, 0.99), "ms", at_most=50),
        Measure("acknowledged p50", quantile(delays, 0.5), "ms"),
    )
    return Answer(measures, (f"{len(done) / lap.wall:.1f} first syncs/s beside it; {lap.cores:.2f} cores busy",))


async def _repeat(town: Town, person: Person, done: list[int]) -> None:
    while True:
        # A first sync never waits; a timeout of its own keeps a server from answering with the last one's bytes.
        await town.pool.call("GET", sync_path(inline(LAZY), timeout=len(done)), person.token)
        done.append(1)


def title(scale: Scale) -> str:
    """The question at this scale."""
    return (
        f"{RATE:g} sends/s while {CLIENTS} clients repeat first syncs of {scale.office_rooms} rooms × "
        f"{scale.office_members} members, server on two cores: acknowledgement"
    )


QUESTION = Question(title=title, people=lambda scale: scale.office_members, ask=ask)
