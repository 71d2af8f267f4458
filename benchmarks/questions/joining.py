"""What does it cost to join a room of 100 members when nobody is online?

Load: four newcomers join each room of an office (50 rooms × 100 members) one after the other.
Counted: CPU of the server / joins.
"""

from benchmarks.people import join
from benchmarks.question import Answer, Question
from benchmarks.results import cpu
from benchmarks.scale import Scale
from benchmarks.towns import Towns


async def ask(towns: Towns) -> Answer:
    """The first newcomer warms the server, the others count."""
    async with towns.office() as town:
        first, *others = town.people[towns.scale.office_members :][: towns.scale.newcomers]
        for room in town.rooms:
            await join(town.pool, first, room)
        meter = town.meter()
        for person in others:
            for room in town.rooms:
                await join(town.pool, person, room)
        joins = len(others) * len(town.rooms)
        lap = meter.lap()
    measure = cpu("per join", lap.micros_per(joins), 1, "~17 ms", unit="ms")
    return Answer((measure,), (f"{joins} joins, {lap.wall * 1e3 / joins:.1f} ms each on the wall",))


def title(scale: Scale) -> str:
    """The question at this scale."""
    return f"joining a room of {scale.office_members} members, nobody online: CPU"


QUESTION = Question(title=title, people=lambda scale: scale.office_members + scale.newcomers, ask=ask)
