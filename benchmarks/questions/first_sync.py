"""What does it cost to open a client for the first time?

Load: members of an office (50 rooms × 100 members, 30 messages in each) ask for a first sync with lazy members and the
server's default timeline limit, one after the other.
Counted: CPU of the server / syncs; the very first, on a cold server, is told apart.
"""

from benchmarks.people import LAZY, inline, sync_path
from benchmarks.question import Answer, Question
from benchmarks.results import Measure, cpu
from benchmarks.scale import Scale
from benchmarks.towns import Towns
from benchmarks.wire import request


async def ask(towns: Towns) -> Answer:
    """Each sync is another member's."""
    sizes: list[int] = []
    async with towns.office() as town:
        asked = [request("GET", sync_path(inline(LAZY)), person.token) for person in town.people]
        meter = town.meter()
        await town.pool.fetch(asked[0])
        cold = meter.lap()
        for each in asked[1 : 1 + towns.scale.first_syncs]:
            status, body = await town.pool.fetch(each)
            if status != 200:
                raise RuntimeError(f"a first sync was answered {status} {body[:200]!r}")
            sizes.append(len(body))
        lap = meter.lap()
    measures = (
        cpu("per first sync", lap.micros_per(len(sizes)), 25, "353 ms", unit="ms"),
        cpu("the first after a start", cold.micros_per(1), unit="ms"),
        Measure("time to the answer", lap.wall * 1e3 / len(sizes), "ms"),
    )
    return Answer(measures, (f"{sum(sizes) / len(sizes) / 1024:,.0f} KiB an answer",))


def title(scale: Scale) -> str:
    """The question at this scale."""
    return (
        f"first /sync of an account in {scale.office_rooms} rooms × {scale.office_members} members, lazy members: CPU"
    )


QUESTION = Question(title=title, people=lambda scale: max(scale.office_members, scale.first_syncs + 1), ask=ask)
