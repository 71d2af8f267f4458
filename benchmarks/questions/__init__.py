"""All questions in the order they are asked; the name of a question is the name of its file."""

from benchmarks.question import Question
from benchmarks.questions import (
    fanout_20_senders,
    fanout_100,
    fanout_1000,
    first_sync,
    first_syncs_beside_sends,
    idle_memory,
    joining,
    latency,
    many_rooms,
    messages_accepted,
    office_day,
    paging,
    slow_fsync,
    start,
)

QUESTIONS: dict[str, Question] = {
    "fanout_100": fanout_100.QUESTION,
    "fanout_1000": fanout_1000.QUESTION,
    "fanout_20_senders": fanout_20_senders.QUESTION,
    "latency": latency.QUESTION,
    "many_rooms": many_rooms.QUESTION,
    "messages_accepted": messages_accepted.QUESTION,
    "first_syncs_beside_sends": first_syncs_beside_sends.QUESTION,
    "slow_fsync": slow_fsync.QUESTION,
    "joining": joining.QUESTION,
    "first_sync": first_sync.QUESTION,
    "paging": paging.QUESTION,
    "idle_memory": idle_memory.QUESTION,
    "start": start.QUESTION,
    "office_day": office_day.QUESTION,
}
