"""How long does a search in many messages take, and what does it cost to index them?

Load: messages of made-up words, some of them in every third message, in many rooms. One person is in all rooms, one in
a few. Each searches for common and rare words, beginnings, several words and a phrase, best first and newest first,
with a message of context on each side. On two cores, as the indexing process has one of its own.
Counted: from the request for a first page to its answer; CPU of the indexing process for each event, its first build
from nothing. The other questions are asked with search off, so that their figures do not count what this one does.
"""

import asyncio
import itertools
import random
import time
from collections.abc import Mapping

from benchmarks.accounting import cpu_seconds, family
from benchmarks.history import multiply_messages
from benchmarks.load import quantile
from benchmarks.people import CLIENT, Person, join, make_room, together
from benchmarks.question import Answer, Question
from benchmarks.results import Measure
from benchmarks.results import cpu as cpu_of
from benchmarks.scale import Scale
from benchmarks.server import TWO_CORES, free_port
from benchmarks.towns import Town, Towns
from benchmarks.wire import Pool

WRITTEN = 4_000
VOCABULARY = 8_000
FEW = 5
ROUNDS = 4
SYLLABLES = ("вст", "ре", "ча", "пло", "ма", "ни", "to", "ver", "la", "ne", "chi", "dor")
COMMON = ("встреча", "план", "meeting")
TERMS = (
    "встреча",
    "meeting",
    "план встречи",
    "встр",
    "мани",
    "ver",
    '"план встречи"',
    "план встреча meeting",
    "чарепло",
)


async def ask(towns: Towns) -> Answer:
    """The first round warms the server."""
    if not towns.backs_up:
        return Answer((), ("not asked: its data cannot be multiplied",))
    watch = f"127.0.0.1:{free_port()}"
    searching = {"VECHE_SEARCH": "on", "VECHE_METRICS": watch}
    async with towns.town(cores=TWO_CORES) as town:
        here, there = town.people[:2]
        await _write(town, here, there, towns.scale.searched_rooms)
        await town.running.stop()
        await asyncio.to_thread(multiply_messages, town.data, town.database, towns.scale.searched_messages)
        events, cpu = await _index(towns, town, watch, searching)
        meter = town.meter()
        waits = {person.user: [await _search(town.pool, person) for _ in range(ROUNDS)][1:] for person in (here, there)}
        lap = meter.lap()
    everywhere, few = (sorted(itertools.chain(*waits[person.user])) for person in (here, there))
    measures = (
        Measure("first page, in all rooms, p99", quantile(everywhere, 0.99), "ms", at_most=50),
        Measure("first page, in all rooms, median", quantile(everywhere, 0.5), "ms"),
        Measure(f"first page, in {FEW} rooms of many, p99", quantile(few, 0.99), "ms", at_most=50),
        Measure(f"first page, in {FEW} rooms of many, median", quantile(few, 0.5), "ms"),
        cpu_of("of the server for each search", lap.micros_per(2 * ROUNDS * len(TERMS) * 2), unit="ms"),
        Measure("indexing, in its own process", cpu * 1e6 / events, "µs CPU", at_most=80, cpu_us=cpu * 1e6 / events),
    )
    return Answer(measures, (f"{events:,} events indexed; {len(everywhere) + len(few)} searches",))


async def _write(town: Town, here: Person, there: Person, count: int) -> None:
    """Make the rooms, and let something be said in each; later all of it is doubled again and again."""
    chance = random.Random(1)
    words = ["".join(chance.choices(SYLLABLES, k=chance.randint(2, 4))) for _ in range(VOCABULARY)]
    rooms = await together(make_room(town.pool, [here]) for _ in range(count))
    await together(join(town.pool, there, room) for room in rooms[:FEW])

    async def write(number: int) -> None:
        text = chance.choices(words, k=chance.randint(3, 16)) + [word for word in COMMON if chance.random() < 0.33]
        chance.shuffle(text)
        room = rooms[min(int(chance.paretovariate(0.5)) - 1, count - 1) if number >= count else number]
        body = {"msgtype": "m.text", "body": " ".join(text)}
        path = f"{CLIENT}/rooms/{room.replace('!', '%21')}/send/m.room.message/w{number}"
        await town.pool.call("PUT", path, here.token, body)

    await together(write(number) for number in range(WRITTEN))


async def _index(towns: Towns, town: Town, watch: str, environment: Mapping[str, str]) -> tuple[int, float]:
    """Start the server with its index process, and wait until all is indexed: how many events, and CPU seconds."""
    running = await towns.restarted(town, cores=TWO_CORES, environment=environment)
    figures = Pool(int(watch.rpartition(":")[2]))
    cpu, began = 0.0, time.perf_counter()
    while True:
        await asyncio.sleep(0.2)
        children = [pid for pid in family(running.pid) if pid != running.pid]
        cpu = max(cpu, sum(map(cpu_seconds, children)))
        status, text = await figures.fetch(b"GET /metrics HTTP/1.1\r\nhost: here\r\n\r\n")
        values = dict(line.split(b" ", 1) for line in text.splitlines() if not line.startswith(b"#"))
        if status == 200 and values[b"veche_search_behind"] == b"0" and values[b"veche_search_position"] != b"0":
            break
        if time.perf_counter() - began > 3_600:
            raise RuntimeError("the index was not ready within an hour")
    figures.close()
    return int(values[b"veche_log_position"]), cpu


async def _search(pool: Pool, person: Person) -> list[float]:
    """Milliseconds of each search."""
    waits: list[float] = []
    for term, order in itertools.product(TERMS, ("rank", "recent")):
        criteria = {"search_term": term, "order_by": order, "event_context": {"before_limit": 1, "after_limit": 1}}
        began = time.perf_counter()
        answer = await pool.call(
            "POST", f"{CLIENT}/search", person.token, {"search_categories": {"room_events": criteria}}
        )
        waits.append((time.perf_counter() - began) * 1e3)
        if "results" not in answer["search_categories"]["room_events"]:
            raise RuntimeError(f"{term} was not answered")
    return waits


def title(scale: Scale) -> str:
    """The question at this scale."""
    return f"searching {scale.searched_messages:,} messages in {scale.searched_rooms:,} rooms, and indexing them"


QUESTION = Question(title=title, people=lambda _: 2, ask=ask)
