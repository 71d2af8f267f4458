"""What does a delivery cost when a message goes to 1,000 members on long polls?

Load and counting as in fanout_100, with ten times the members.
"""

from benchmarks.fanout import as_acknowledged, one_at_a_time
from benchmarks.question import Answer, Question
from benchmarks.results import cpu
from benchmarks.towns import Towns


async def ask(towns: Towns) -> Answer:
    """Both ways of sending, each on a fresh server."""
    flowing = await as_acknowledged(towns, towns.scale.large, senders=1)
    stepping = await one_at_a_time(towns, towns.scale.large)
    measures = (
        cpu("per delivery, next message after the acknowledgement", flowing.cpu_us, 45, "> 700 µs at 500"),
        cpu("per delivery, next message after all deliveries", stepping.cpu_us, 45),
    )
    return Answer(measures, (f"after the acknowledgement: {flowing.note}", f"after all deliveries: {stepping.note}"))


QUESTION = Question(
    title=lambda scale: f"one room, {scale.large:,} members on long polls, one sender: CPU per delivery",
    people=lambda scale: scale.large,
    ask=ask,
    connections=lambda scale: scale.large,
)
