"""Real push gateways, one of which fails in turn, and a server that is killed in between."""

import asyncio
from functools import partial
from typing import Any

from tests.cast import ANNA, BORIS, CARLA
from tests.stage.gateways import pusher
from tests.stage.people import Person
from tests.stage.real_gateways import Mood, RealGateway, gateway
from tests.stage.sockets import RealTown
from tests.stage.waiting import until

MOODS: tuple[Mood, ...] = ("failing", "silent", "dripping", "flooding", "babbling", "hanging up")


async def allow(world: RealTown, *gateways: RealGateway) -> None:
    """Start the server again so that it may call these."""
    world.server.change(push_gateways=", ".join(one.origin for one in gateways))
    await world.restart()


class Talk:
    """A room in which Anna speaks."""

    def __init__(self, world: RealTown, anna: Person, room: str) -> None:
        self.world = world
        self.anna = anna
        self.room = room
        self.said: list[str] = []

    async def say(self) -> None:
        """Say something."""
        number = len(self.said)
        path = f"/rooms/{self.room}/send/m.room.message/{number}"
        body = {"msgtype": "m.text", "body": f"number {number}"}
        self.said.append((await self.anna.put(path, body)).ok()["event_id"])


async def talk_with(world: RealTown, anna: Person, *others: Person) -> Talk:
    """Found a room and let others in."""
    room = (await anna.post("/createRoom", {"preset": "public_chat"})).ok()["room_id"]
    for person in others:
        (await person.post(f"/join/{room}")).ok()
    return Talk(world, anna, room)


async def test_a_gateway_that_fails_in_every_way_loses_nothing_and_stops_nobody(world: RealTown) -> None:
    async with gateway() as good, gateway() as bad:
        await allow(world, good, bad)
        anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
        talk = await talk_with(world, anna, boris, carla)
        (await boris.post("/pushers/set", pusher("boris", bad.url))).ok()
        (await carla.post("/pushers/set", pusher("carla", good.url))).ok()
        await talk.say()
        await good.heard("carla", talk.said)
        await bad.heard("boris", talk.said)
        before = list(talk.said)
        for mood in MOODS:
            bad.mood, tried = mood, bad.tried
            await talk.say()
            await until(partial(_was_tried_since, bad, tried), 0.01)
            await good.heard("carla", talk.said)
            assert await _sees(boris, talk)
            await asyncio.to_thread(world.server.kill)
            await asyncio.to_thread(world.server.start)
        await bad.close()
        await talk.say()
        await good.heard("carla", talk.said)
        assert bad.events_to("boris") == before
        await asyncio.to_thread(world.server.kill)
        bad.mood = "well"
        await bad.open()
        await asyncio.to_thread(world.server.start)
        await bad.heard("boris", talk.said)
        assert bad.pushes[-1].unread == len(talk.said)
        await _reading_lowers_the_number(boris, talk, bad)
        await _rejection_ends_it(boris, talk, good, bad)
        assert "Traceback" not in world.server.last_words()


def _was_tried_since(gateway: RealGateway, tried: int) -> bool:
    return gateway.tried > tried


async def _sees(person: Person, talk: Talk) -> bool:
    """Whether a reader is answered, with the newest message."""
    synced: Any = (await person.get("/sync", timeout=0)).ok()
    room = synced["rooms"]["join"][talk.room]
    assert room["unread_notifications"]["notification_count"] == len(talk.said)
    return bool(room["timeline"]["events"][-1]["event_id"] == talk.said[-1])


async def _reading_lowers_the_number(boris: Person, talk: Talk, bad: RealGateway) -> None:
    (await boris.post(f"/rooms/{talk.room}/receipt/m.read/{talk.said[-2]}")).ok()
    await until(lambda: bad.pushes[-1].unread == 1, 0.01)
    assert bad.pushes[-1].event_id is None


async def _rejection_ends_it(boris: Person, talk: Talk, good: RealGateway, bad: RealGateway) -> None:
    bad.mood = "rejecting"
    await talk.say()
    await bad.heard("boris", talk.said)
    while (await boris.get("/pushers")).ok()["pushers"]:  # noqa: ASYNC110 (nobody tells when)
        await asyncio.sleep(0.01)
    told = len(bad.pushes)
    for _ in range(2):  # when Carla is told of the second, the push worker is done with the first
        await talk.say()
        await good.heard("carla", talk.said)
    assert len(bad.pushes) == told


async def test_nothing_is_told_twice_over_a_polite_restart(world: RealTown) -> None:
    async with gateway() as good:
        await allow(world, good)
        anna, boris = await world.people(ANNA, BORIS)
        talk = await talk_with(world, anna, boris)
        (await boris.post("/pushers/set", pusher("boris", good.url, data={"format": "event_id_only"}))).ok()
        for _ in range(3):
            await talk.say()
            await good.heard("boris", talk.said)
            await world.restart()
        await talk.say()
        await good.heard("boris", talk.said)
        assert [push.event_id for push in good.pushes if push.event_id is not None] == talk.said
        assert [push.unread for push in good.pushes if push.event_id is not None] == [1, 2, 3, 4]
