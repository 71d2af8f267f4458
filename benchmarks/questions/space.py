"""What does it cost to look at a space?

Load: a space with 199 public rooms, ten of them spaces that hold the others; three people who are in none of the rooms
ask for all of them in one page, ten times each.
Counted: CPU of the server / answers.
"""

from urllib.parse import quote

from benchmarks.people import CLIENT, Person, together
from benchmarks.question import Answer, Question
from benchmarks.results import Measure, cpu
from benchmarks.scale import Scale
from benchmarks.towns import Town, Towns

BRANCHES = 10
LOOKS = 10
SERVER = "bench"


async def ask(towns: Towns) -> Answer:
    """The first visitor warms the server."""
    async with towns.town() as town:
        founder, *visitors = town.people[:4]
        root = await _found(town, founder, towns.scale.space_rooms)
        await _look(town, visitors[0], root, towns.scale.space_rooms)
        meter = town.meter()
        for visitor in visitors:
            for _ in range(LOOKS):
                await _look(town, visitor, root, towns.scale.space_rooms)
        lap = meter.lap()
    looks = LOOKS * len(visitors)
    measures = (
        cpu("per answer", lap.micros_per(looks), 15, unit="ms"),
        Measure("time of an answer", lap.wall * 1e3 / looks, "ms"),
    )
    return Answer(measures)


async def _found(town: Town, founder: Person, count: int) -> str:
    """The root of a space of `count` rooms, itself among them."""
    root = await _make(town, founder, "House", is_space=True)
    branches = [await _make(town, founder, f"Floor {number}", is_space=True) for number in range(BRANCHES)]
    await together(_put(town, founder, root, branch) for branch in branches)
    for number in range(count - BRANCHES - 1):
        room = await _make(town, founder, f"Room {number}", is_space=False)
        await _put(town, founder, branches[number % BRANCHES], room)
    return root


async def _make(town: Town, founder: Person, name: str, *, is_space: bool) -> str:
    body = {"preset": "public_chat", "name": name, "topic": f"Everything about {name}"}
    kind = {"creation_content": {"type": "m.space"}} if is_space else {}
    room: str = (await town.pool.call("POST", f"{CLIENT}/createRoom", founder.token, {**body, **kind}))["room_id"]
    return room


async def _put(town: Town, founder: Person, space: str, child: str) -> None:
    path = f"{CLIENT}/rooms/{quote(space, safe='')}/state/m.space.child/{quote(child, safe='')}"
    await town.pool.call("PUT", path, founder.token, {"via": [SERVER]})


async def _look(town: Town, visitor: Person, root: str, expected: int) -> None:
    path = f"/_matrix/client/v1/rooms/{quote(root, safe='')}/hierarchy?limit={expected}"
    answer = await town.pool.call("GET", path, visitor.token)
    if len(answer["rooms"]) != expected:
        raise RuntimeError(f"{len(answer['rooms'])} of {expected} rooms were shown")


def title(scale: Scale) -> str:
    """The question at this scale."""
    return f"a space of {scale.space_rooms} rooms in one page: CPU"


QUESTION = Question(title=title, people=lambda scale: 4, ask=ask)
