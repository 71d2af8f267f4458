"""How much memory does one more client cost that only waits?

Load: people in rooms of ten. The server is started anew, ten of them sync; then everybody connects and waits on a long
poll with a token from before the start.
Counted: growth of the server's memory / clients, three seconds after the last of them began to wait. PSS and RSS.
"""

import asyncio

from benchmarks.accounting import memory
from benchmarks.load import Crowd, Poller
from benchmarks.people import LAZY_1000, make_room, store_filter, together, token_now
from benchmarks.question import Answer, Question
from benchmarks.results import Measure
from benchmarks.towns import Towns
from benchmarks.wire import connect_many

ROOM = 10


async def ask(towns: Towns) -> Answer:
    """Connecting is paced by a hundred at a time."""
    async with towns.town() as town:
        people = town.people[: towns.scale.idle]
        await together(make_room(town.pool, people[at : at + ROOM]) for at in range(0, len(people), ROOM))
        filters = await together(store_filter(town.pool, person, LAZY_1000) for person in people)
        tokens = await together(token_now(town.pool, person) for person in people)
        running = await towns.restarted(town)
        await together(token_now(town.pool, person) for person in people[:ROOM])
        await asyncio.sleep(1)
        before = memory(running.pid)
        crowd = Crowd()
        wires = await connect_many(running.port, len(people))
        for wire, person, chosen, since in zip(wires, people, filters, tokens, strict=True):
            crowd.pollers.append(Poller(crowd, wire, person, chosen, since))
            crowd.pollers[-1].poll()
        await asyncio.sleep(3)
        after = memory(running.pid)
        if crowd.failures:
            raise RuntimeError(f"{len(crowd.failures)} polls failed: {crowd.failures[0]}")
        crowd.leave()
    count = len(people)
    measures = (
        Measure("PSS growth per client", (after.pss - before.pss) / count, "KiB", at_most=20, synapse="292 KB"),
        Measure("RSS growth per client", (after.rss - before.rss) / count, "KiB", at_most=20),
    )
    return Answer(measures, (f"{count:,} clients; PSS {before.pss / 1024:.0f} → {after.pss / 1024:.0f} MiB",))


QUESTION = Question(
    title=lambda scale: f"memory per idle long-polling client, {scale.idle:,} clients",
    people=lambda scale: scale.idle,
    ask=ask,
)
