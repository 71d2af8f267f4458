"""What does it cost to read a long way back?

Load: one room with 1,000 messages by ten people; a member pages back through all of them by 100, as a client does
with lazy members. Ten members, one after the other.
Counted: CPU of the server for all pages of one reader.
"""

from urllib.parse import quote

from benchmarks.people import CLIENT, Person, fill, inline, make_room
from benchmarks.question import Answer, Question
from benchmarks.results import Measure, cpu
from benchmarks.scale import Scale
from benchmarks.towns import Town, Towns

PAGE = 100
AUTHORS = 10


async def ask(towns: Towns) -> Answer:
    """The first reader warms the server."""
    async with towns.town() as town:
        people = town.people[: AUTHORS + towns.scale.pagings]
        room = await make_room(town.pool, people)
        await fill(town.pool, room, people[:AUTHORS], towns.scale.history)
        await _page_back(town, people[0], room, towns.scale.history)
        readers = people[1 : 1 + towns.scale.pagings]
        meter = town.meter()
        for reader in readers:
            await _page_back(town, reader, room, towns.scale.history)
        lap = meter.lap()
    measures = (
        cpu("per reader, all pages", lap.micros_per(len(readers)), 25, "~260 ms", unit="ms"),
        Measure("time for all pages", lap.wall * 1e3 / len(readers), "ms"),
    )
    return Answer(measures)


async def _page_back(town: Town, reader: Person, room: str, history: int) -> None:
    chosen = inline({"lazy_load_members": True})
    path = f"{CLIENT}/rooms/{quote(room, safe='')}/messages?dir=b&limit={PAGE}&filter={chosen}"
    found, since = 0, ""
    for _ in range(history // PAGE):
        page = await town.pool.call("GET", path + since, reader.token)
        found += sum(event["type"] == "m.room.message" for event in page["chunk"])
        since = f"&from={quote(page['end'], safe='')}"
    if found != history:
        raise RuntimeError(f"paging found {found} of {history} messages")


def title(scale: Scale) -> str:
    """The question at this scale."""
    return f"paging back {scale.history:,} messages by {PAGE}: CPU in all"


QUESTION = Question(title=title, people=lambda scale: AUTHORS + scale.pagings, ask=ask)
