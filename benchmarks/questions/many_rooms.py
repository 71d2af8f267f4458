"""What does a message cost in a small room of a busy server, from accepting it to the last delivery?

Load: 200 rooms of five people each, everybody on a long poll; one message under way at any time, the rooms in turn.
Counted: CPU of the server / messages, with all five deliveries of each.
"""

from benchmarks.load import quantile, send_in_turn
from benchmarks.people import make_room, together
from benchmarks.question import Answer, Question
from benchmarks.results import cpu
from benchmarks.scale import Scale
from benchmarks.towns import Towns

MEMBERS = 5


async def ask(towns: Towns) -> Answer:
    """Everybody belongs to one room."""
    async with towns.town() as town:
        groups = [town.people[MEMBERS * number :][:MEMBERS] for number in range(towns.scale.rooms)]
        rooms = await together(make_room(town.pool, group) for group in groups)
        crowd = await town.crowd([person for group in groups for person in group])
        senders = [town.sender(group[0], room) for group, room in zip(groups, rooms, strict=True)]
        sent = await send_in_turn(senders, towns.scale.warm)
        await crowd.has_heard(len(sent) * MEMBERS)
        crowd.forget()
        meter = town.meter()
        sent = await send_in_turn(senders, towns.scale.seconds)
        await crowd.has_heard(len(sent) * MEMBERS)
        lap = meter.lap()
        note = f"{len(sent):,} messages, acknowledged in {quantile(sent, 0.5):.1f} ms (median), {lap.driver_note}"
        measure = cpu("per message and its deliveries", lap.micros_per(len(sent)), 0.4, "18–26 ms", unit="ms")
        return Answer((measure,), (note,))


def title(scale: Scale) -> str:
    """The question at this scale."""
    return f"{scale.rooms} rooms × {MEMBERS} members on long polls: CPU per message, all deliveries included"


QUESTION = Question(title=title, people=lambda scale: scale.rooms * MEMBERS, ask=ask)
