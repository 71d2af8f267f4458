"""What does a delivery cost when a message goes to 100 members on long polls?

Load: one room, everybody polls; one member writes and waits for each acknowledgement. Asked twice: the next message
follows the acknowledgement at once, or only when everybody has received the last (then no answer carries two).
Counted: CPU of the server / (messages × members).
"""

from benchmarks.fanout import as_acknowledged, one_at_a_time
from benchmarks.question import Answer, Question
from benchmarks.results import cpu
from benchmarks.towns import Towns


async def ask(towns: Towns) -> Answer:
    """Both ways of sending, each on a fresh server."""
    flowing = await as_acknowledged(towns, towns.scale.members, senders=1)
    stepping = await one_at_a_time(towns, towns.scale.members)
    measures = (
        cpu("per delivery, next message after the acknowledgement", flowing.cpu_us, 40, "975 µs"),
        cpu("per delivery, next message after all deliveries", stepping.cpu_us, 40),
    )
    return Answer(measures, (f"after the acknowledgement: {flowing.note}", f"after all deliveries: {stepping.note}"))


QUESTION = Question(
    title=lambda scale: f"one room, {scale.members} members on long polls, one sender: CPU per delivery",
    people=lambda scale: scale.members,
    ask=ask,
)
