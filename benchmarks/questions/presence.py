"""What does a morning cost, when everybody in one room comes online?

Load: 1,000 members of one room who were all away; one after the other, evenly over a minute, they begin to poll with
the token they went with, and poll on. Nobody writes. Each has to hear of each.
Counted: all CPU of the server from the first poll until everybody has heard of everybody. Not asked of a peer, where
presence is off.
"""

import asyncio
import time

from benchmarks.load import Crowd, Poller
from benchmarks.people import LAZY_1000, Person, make_room, store_filter, together, token_now
from benchmarks.question import Answer, Question
from benchmarks.results import cpu
from benchmarks.scale import Scale
from benchmarks.towns import Town, Towns
from benchmarks.wire import connect_many

EVENT = b'"m.presence"'


async def ask(towns: Towns) -> Answer:
    """Everybody is away before, since nobody has shown themselves yet."""
    if not towns.tells_presence:
        return Answer((), ("not asked: presence is off there",))
    async with towns.town() as town:
        people = town.people[: towns.scale.large]
        await make_room(town.pool, people)
        crowd = await _assemble(town, people)
        meter = town.meter()
        await _arrive(crowd, towns.scale.morning_seconds)
        await crowd.has_heard(len(people) ** 2)
        lap = meter.lap()
        crowd.leave()
    measures = (
        cpu("in all", lap.cpu * 1e6, 5_000, unit="ms"),
        cpu("per answer", lap.micros_per(crowd.answers)),
    )
    note = f"{crowd.messages:,} statuses in {crowd.answers:,} answers, {lap.wall:.0f} s, {lap.driver_note}"
    return Answer(measures, (note,))


async def _assemble(town: Town, people: list[Person]) -> Crowd:
    """Return everybody's client with a token from which to poll on; none of them polls yet."""
    crowd = Crowd(EVENT)
    filters = await together(store_filter(town.pool, person, LAZY_1000) for person in people)
    tokens = await together(token_now(town.pool, person, presence="offline") for person in people)
    wires = await connect_many(town.running.port, len(people))
    for wire, person, chosen, since in zip(wires, people, filters, tokens, strict=True):
        crowd.pollers.append(Poller(crowd, wire, person, chosen, since))
    return crowd


async def _arrive(crowd: Crowd, seconds: float) -> None:
    began = time.perf_counter()
    for number, poller in enumerate(crowd.pollers):
        due = began + number * seconds / len(crowd.pollers)
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        poller.poll()


def title(scale: Scale) -> str:
    """The question at this scale."""
    return f"one room, {scale.large:,} members come online within {scale.morning_seconds:.0f} s: CPU"


QUESTION = Question(
    title=title,
    people=lambda scale: scale.large,
    ask=ask,
    connections=lambda scale: scale.large,
)
