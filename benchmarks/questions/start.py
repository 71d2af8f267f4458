"""How soon is the server there, and how much does it hold when nobody asks?

Load: starts on the database of an office (50 rooms × 100 members, 30 messages in each).
Counted: from starting the process to the first answer (median of five); memory three seconds later (median).
"""

import asyncio

from benchmarks.accounting import memory
from benchmarks.load import quantile
from benchmarks.question import Answer, Question
from benchmarks.results import Measure
from benchmarks.scale import Scale
from benchmarks.towns import Towns


async def ask(towns: Towns) -> Answer:
    """The same data is started again and again, after a polite stop each time."""
    seconds: list[float] = []
    pss: list[float] = []
    rss: list[float] = []
    async with towns.office() as town:
        for _ in range(towns.scale.starts):
            running = await towns.restarted(town)
            seconds.append(running.started_in)
            await asyncio.sleep(3)
            held = memory(running.pid)
            pss.append(held.pss / 1024)
            rss.append(held.rss / 1024)
    measures = (
        Measure("start to the first answer", quantile(seconds, 0.5), "s", at_most=0.9, synapse="0.9–1.1 s"),
        Measure("memory at rest, PSS", quantile(pss, 0.5), "MiB", at_most=75, synapse="112 MB"),
        Measure("memory at rest, RSS", quantile(rss, 0.5), "MiB", at_most=75),
    )
    return Answer(measures)


def title(scale: Scale) -> str:
    """The question at this scale."""
    return f"start on an existing database ({scale.office_rooms} rooms × {scale.office_members}); memory at rest"


QUESTION = Question(title=title, people=lambda scale: scale.office_members, ask=ask)
