"""How many messages does the server make durable in a second on one core?

Load: 100 rooms of two; one of each two writes, its next message following the acknowledgement of the last. Asked
with nobody syncing, then with both on long polls.
Counted: acknowledgements / wall seconds; CPU of the server / messages. With readers the clock runs until the last
delivery.
"""

import msgspec

from benchmarks.load import quantile, send_as_acknowledged
from benchmarks.people import make_room, together
from benchmarks.question import Answer, Question
from benchmarks.results import Measure, cpu
from benchmarks.scale import Scale
from benchmarks.towns import Towns


class Accepted(msgspec.Struct, frozen=True):
    """What one way of asking showed; `cpu_us` per message, `delay_ms` the median acknowledgement."""

    per_second: float
    cpu_us: float
    delay_ms: float
    driver: str


async def ask(towns: Towns) -> Answer:
    """Alone, then with readers, each on a fresh server."""
    alone = await _accepted(towns, readers=0)
    read = await _accepted(towns, readers=2)
    least = (8000, 5000) if towns.is_sqlite else (1500, None)
    measures = (
        Measure("accepted, nobody syncing", alone.per_second, "/s", at_least=least[0], synapse="~50/s"),
        cpu("per message, nobody syncing", alone.cpu_us, 120 if towns.is_sqlite else None),
        Measure("accepted, both syncing", read.per_second, "/s", at_least=least[1]),
        cpu("per message and two deliveries", read.cpu_us),
    )
    told = (("nobody syncing", alone), ("both syncing", read))
    return Answer(
        measures, tuple(f"{how}: {it.delay_ms:.1f} ms to acknowledge (median), {it.driver}" for how, it in told)
    )


async def _accepted(towns: Towns, readers: int) -> Accepted:
    async with towns.town() as town:
        pairs = [town.people[2 * number :][:2] for number in range(towns.scale.pairs)]
        rooms = await together(make_room(town.pool, pair) for pair in pairs)
        crowd = await town.crowd([person for pair in pairs for person in pair[:readers]])
        senders = [town.sender(pair[0], room) for pair, room in zip(pairs, rooms, strict=True)]
        sent = await send_as_acknowledged(senders, towns.scale.warm)
        await crowd.has_heard(len(sent) * readers)
        crowd.forget()
        meter = town.meter()
        sent = await send_as_acknowledged(senders, towns.scale.seconds)
        await crowd.has_heard(len(sent) * readers)
        lap = meter.lap()
        return Accepted(len(sent) / lap.wall, lap.micros_per(len(sent)), quantile(sent, 0.5), lap.driver_note)


def title(scale: Scale) -> str:
    """The question at this scale."""
    return f"durable messages accepted, {scale.pairs} senders in rooms of 2, one core"


QUESTION = Question(title=title, people=lambda scale: scale.pairs * 2, ask=ask)
