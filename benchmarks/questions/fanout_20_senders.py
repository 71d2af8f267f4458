"""What does a delivery cost when so much is written that answers carry several messages?

Load: one room, 100 members on long polls; 20 of them write, each waiting for its own acknowledgement.
Counted: CPU of the server / (messages × members).
"""

from benchmarks.fanout import as_acknowledged
from benchmarks.question import Answer, Question
from benchmarks.results import cpu
from benchmarks.towns import Towns


async def ask(towns: Towns) -> Answer:
    """One long burst."""
    spread = await as_acknowledged(towns, towns.scale.members, towns.scale.senders)
    return Answer((cpu("per delivery", spread.cpu_us, 8, "~545 µs"),), (spread.note,))


QUESTION = Question(
    title=lambda scale: f"one room, {scale.members} members on long polls, {scale.senders} senders: CPU per delivery",
    people=lambda scale: scale.members,
    ask=ask,
)
