"""What does an ordinary mixture cost, and does anybody wait?

Load: an office, all members on long polls. Ten messages a second in its rooms; beside each second message its author's
typing starts, beside each message one member sends a receipt; every second somebody opens a client anew and somebody
reads 50 messages back.
Counted: cores kept busy, acknowledgement and delivery times, CPU per delivery. There is no target.
"""

import asyncio
import itertools
import random
import time
from urllib.parse import quote

from benchmarks.load import Sender, quantile
from benchmarks.people import CLIENT, LAZY, Person, inline, sync_path
from benchmarks.question import Answer, Question
from benchmarks.results import Measure, cpu
from benchmarks.scale import Scale
from benchmarks.towns import Town, Towns

RATE = 10.0


async def ask(towns: Towns) -> Answer:
    """A second of warm-up, then the measured time."""
    async with towns.office() as town:
        members = town.people[: towns.scale.office_members]
        crowd = await town.crowd(members)
        senders = [town.sender(members[number % len(members)], room) for number, room in enumerate(town.rooms)]
        dice = random.Random(1)
        acknowledged = await _work(town, members, senders, dice, 1.0)
        await crowd.has_heard(len(acknowledged) * len(members))
        crowd.forget()
        crowd.delays = []
        meter = town.meter()
        acknowledged = await _work(town, members, senders, dice, towns.scale.seconds * 2)
        await crowd.has_heard(len(acknowledged) * len(members))
        lap = meter.lap()
    measures = (
        Measure("cores busy", lap.cores, ""),
        Measure("acknowledged p99", quantile(acknowledged, 0.99), "ms"),
        Measure("send → receive p50", quantile(crowd.delays, 0.5), "ms"),
        Measure("send → receive p99", quantile(crowd.delays, 0.99), "ms"),
        cpu("per delivery, everything included", lap.micros_per(crowd.messages)),
    )
    return Answer(measures, (f"{len(acknowledged)} messages, {crowd.answers:,} answers to polls",))


async def _work(
    town: Town, members: list[Person], senders: list[Sender], dice: random.Random, seconds: float
) -> list[float]:
    acknowledged: list[float] = []
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in itertools.count():
            due = began + number / RATE
            if due >= began + seconds:
                return acknowledged
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            at = number % len(senders)
            group.create_task(_write(town, town.rooms[at], members, senders[at], dice, acknowledged, number))
            if number % RATE == 0:
                group.create_task(_open_client(town, dice.choice(members)))
                group.create_task(_read_back(town, dice.choice(members), dice.choice(town.rooms)))
    return acknowledged


async def _write(
    town: Town,
    room: str,
    members: list[Person],
    sender: Sender,
    dice: random.Random,
    acknowledged: list[float],
    number: int,
) -> None:
    if number % 2:
        author = members[town.rooms.index(room) % len(members)]
        typing = f"{CLIENT}/rooms/{quote(room, safe='')}/typing/{quote(author.user, safe='')}"
        await town.pool.call("PUT", typing, author.token, {"typing": True, "timeout": 5000})
    acknowledged.append(await sender.send())
    reader = dice.choice(members)
    last = await town.pool.call("GET", _page(room, 1), reader.token)
    event = quote(last["chunk"][0]["event_id"], safe="")
    path = f"{CLIENT}/rooms/{quote(room, safe='')}/receipt/m.read/{event}"
    await town.pool.call("POST", path, reader.token, {})


async def _open_client(town: Town, person: Person) -> None:
    await town.pool.call("GET", sync_path(inline(LAZY)), person.token)


async def _read_back(town: Town, person: Person, room: str) -> None:
    await town.pool.call("GET", _page(room, 50), person.token)


def _page(room: str, limit: int) -> str:
    return f"{CLIENT}/rooms/{quote(room, safe='')}/messages?dir=b&limit={limit}"


def title(scale: Scale) -> str:
    """The question at this scale."""
    return f"a mixed office day, {scale.office_members} people in {scale.office_rooms} rooms, {RATE:g} messages/s"


QUESTION = Question(title=title, people=lambda scale: scale.office_members, ask=ask)
