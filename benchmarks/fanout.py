"""One room, many members on long polls: what the three fan-out questions share. Targets stand in the questions.

A delivery is one message received by one member. The senders are members and poll on the device they send from, as a
client does.
"""

import time

import msgspec

from benchmarks.accounting import Lap
from benchmarks.load import Crowd, Sender, quantile, send_as_acknowledged
from benchmarks.people import make_room
from benchmarks.towns import Town, Towns


class Spread(msgspec.Struct, frozen=True):
    """What a spread of messages cost. `cpu_us` is per delivery."""

    cpu_us: float
    deliveries: int
    per_second: float
    per_answer: float
    acknowledged_ms: float
    driver: str

    @property
    def note(self) -> str:
        """The load in words."""
        return (
            f"{self.deliveries:,} deliveries, {self.per_second:,.0f}/s, {self.per_answer:.1f} messages an answer, "
            f"acknowledged in {self.acknowledged_ms:.1f} ms (median), {self.driver}"
        )


async def as_acknowledged(towns: Towns, members: int, senders: int) -> Spread:
    """Every sender writes its next message when the last is acknowledged; who is behind gets several at once."""
    async with towns.town() as town:
        crowd, writers = await _assemble(town, members, senders)
        await _burst(town, crowd, writers, towns.scale.warm)
        return await _burst(town, crowd, writers, towns.scale.seconds)


async def one_at_a_time(towns: Towns, members: int) -> Spread:
    """The next message is written when everybody has received the last and polls again: each delivery is an answer."""
    async with towns.town() as town:
        crowd, (writer,) = await _assemble(town, members, 1)
        await _in_step(town, crowd, writer, towns.scale.warm)
        return await _in_step(town, crowd, writer, towns.scale.seconds)


async def _assemble(town: Town, members: int, senders: int) -> tuple[Crowd, list[Sender]]:
    people = town.people[:members]
    room = await make_room(town.pool, people)
    crowd = await town.crowd(people)
    return crowd, [town.sender(person, room) for person in people[:senders]]


async def _burst(town: Town, crowd: Crowd, writers: list[Sender], seconds: float) -> Spread:
    crowd.forget()
    meter = town.meter()
    delays = await send_as_acknowledged(writers, seconds)
    await crowd.has_heard(len(delays) * len(crowd.pollers))
    return _spread(crowd, meter.lap(), delays)


async def _in_step(town: Town, crowd: Crowd, writer: Sender, seconds: float) -> Spread:
    crowd.forget()
    meter, delays, end = town.meter(), list[float](), time.perf_counter() + seconds
    while time.perf_counter() < end:
        delays.append(await writer.send())
        await crowd.has_heard(len(delays) * len(crowd.pollers))
    return _spread(crowd, meter.lap(), delays)


def _spread(crowd: Crowd, lap: Lap, delays: list[float]) -> Spread:
    return Spread(
        cpu_us=lap.micros_per(crowd.messages),
        deliveries=crowd.messages,
        per_second=crowd.messages / lap.wall,
        per_answer=crowd.messages / max(crowd.answers, 1),
        acknowledged_ms=quantile(delays, 0.5),
        driver=lap.driver_note,
    )
