"""How long does a message take to reach everybody in a room at an everyday pace?

Load: one room, 100 members on long polls, 5 messages a second by five of them.
Counted: from writing the request to the complete answer at each member, for all messages and members.
"""

from benchmarks.load import quantile, send_paced
from benchmarks.people import make_room
from benchmarks.question import Answer, Question
from benchmarks.results import Measure, cpu
from benchmarks.scale import Scale
from benchmarks.towns import Towns

RATE = 5.0


async def ask(towns: Towns) -> Answer:
    """A short warm-up, then the measured time."""
    async with towns.town() as town:
        members = town.people[: towns.scale.members]
        room = await make_room(town.pool, members)
        crowd = await town.crowd(members)
        senders = [town.sender(person, room) for person in members[:5]]
        sent = await send_paced(senders, RATE, 2.0)
        await crowd.has_heard(len(sent) * len(members))
        crowd.forget()
        crowd.delays = []
        meter = town.meter()
        sent = await send_paced(senders, RATE, towns.scale.latency_seconds)
        await crowd.has_heard(len(sent) * len(members))
        lap = meter.lap()
        measures = (
            Measure("send → receive p50", quantile(crowd.delays, 0.5), "ms", at_most=5, synapse="1,111 ms"),
            Measure("send → receive p99", quantile(crowd.delays, 0.99), "ms", at_most=15, synapse="2,221 ms"),
            cpu("per delivery", lap.micros_per(crowd.messages)),
        )
        return Answer(measures, (f"acknowledged in {quantile(sent, 0.5):.1f} ms (median)",))


def title(scale: Scale) -> str:
    """The question at this scale."""
    return f"{RATE:g} messages/s to {scale.members} members on long polls: send → receive"


QUESTION = Question(title=title, people=lambda scale: scale.members, ask=ask)
