"""What does it cost to find somebody among thousands?

Load: an office of 5,000 people with Russian, French and English names, all of them in one room; three of them type
names, letter by letter, in either alphabet. The one who warms the server is in twenty rooms of some ten as well, each
of the two who count is in one of them.
Counted: CPU of the server / searches; milliseconds of each on the wall.
"""

import asyncio
import time
from itertools import product
from urllib.parse import quote

from benchmarks.load import quantile
from benchmarks.multitude import multiply_people
from benchmarks.people import CLIENT, Person, make_room, together
from benchmarks.question import Answer, Question
from benchmarks.results import Measure, cpu
from benchmarks.scale import Scale
from benchmarks.towns import Town, Towns

NAMED = 60
"""People who really register; the others are made of them."""
ROOMS = 20
GIVEN = ("Иван", "Анна", "Юлия", "Дмитрий", "Zoë", "Paul", "Marie", "Jean", "Olga", "Peter")
FAMILY = ("Петров", "Щербакова", "Хабаров", "Dupont", "Martin", "Smith")
TYPED = ("ivan petrov", "щербакова", "zoe", "yulia", "дмитрий х", "marie dup", "smith")


async def ask(towns: Towns) -> Answer:
    """One searcher warms the server, two others count."""
    async with towns.town() as town:
        searchers = await _prepare(towns, town)
        await _type(town, searchers[0])
        meter = town.meter()
        waited = [one for searcher in searchers[1:] for one in await _type(town, searcher)]
        lap = meter.lap()
    measures = (
        cpu("per search", lap.micros_per(len(waited)), 10, unit="ms"),
        Measure("p99 of a search", quantile(waited, 0.99), "ms"),
    )
    return Answer(measures, (f"{len(waited)} searches, one for each letter typed",))


async def _prepare(towns: Towns, town: Town) -> list[Person]:
    people = town.people[:NAMED]
    names = [f"{given} {family}" for given, family in product(GIVEN, FAMILY)]
    await together(_name(town, person, name) for person, name in zip(people, names, strict=True))
    hall = await make_room(town.pool, people)
    rooms = [await make_room(town.pool, [people[0], people[number + 1]]) for number in range(ROOMS)]
    await town.running.stop()
    copies = towns.scale.acquaintances // NAMED
    await asyncio.to_thread(multiply_people, town.data, town.database, copies, [hall], rooms)
    await towns.restarted(town)
    return people[:3]


async def _name(town: Town, person: Person, name: str) -> None:
    path = f"{CLIENT}/profile/{quote(person.user, safe='')}/displayname"
    await town.pool.call("PUT", path, person.token, {"displayname": name})


async def _type(town: Town, searcher: Person) -> list[float]:
    """Milliseconds of a search after each letter."""
    waited = []
    for name in TYPED:
        for end in range(1, len(name) + 1):
            began = time.perf_counter()
            body = {"search_term": name[:end], "limit": 10}
            answer = await town.pool.call("POST", f"{CLIENT}/user_directory/search", searcher.token, body)
            waited.append((time.perf_counter() - began) * 1e3)
            if not answer["results"]:
                raise RuntimeError(f"nobody was found by {name[:end]!r}")
    return waited


def title(scale: Scale) -> str:
    """The question at this scale."""
    return f"finding people among {scale.acquaintances:,}, letter by letter: CPU of a search"


QUESTION = Question(title=title, people=lambda scale: NAMED, ask=ask)
