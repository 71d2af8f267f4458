"""The push worker: what is tried again and when that ends, who keeps whom waiting, and what costs nothing."""

import asyncio
from collections import Counter
from typing import Any
from unittest.mock import patch

import pytest

from tests.cast import ANNA, BORIS, CARLA
from tests.commands.conversation import conversation
from tests.stage.gateways import ALLOWED, GATEWAY, OTHER_GATEWAY, pusher
from tests.stage.waiting import until
from tests.stage.world import Person, World
from veche.commands import notifications as commands
from veche.commands.moderation import lift, restrict
from veche.domain.ids import Position, RoomId, UserId
from veche.domain.notifications.pushers import PusherKey
from veche.domain.refusals import Refusal, Refused
from veche.integrations.gateways import NotDelivered
from veche.queries import notifications as queries
from veche.storage.notifications import pushers as stored
from veche.workers import following
from veche.workers.notifications import Deliveries, Patience
from veche.workers.notifications.delivering import LANES
from veche.workers.notifications.noticing import AT_ONCE

pytestmark = pytest.mark.settings(push_gateways=ALLOWED)
DAY = 24 * 3600
OUT = NotDelivered("it answered 500")


async def set_pusher(person: Person, pushkey: str, **more: Any) -> None:
    (await person.post("/pushers/set", pusher(pushkey, **more))).ok()


async def row(world: World, person: Person) -> Any:
    """Somebody's only pusher, as the database has it."""
    [found] = await world.queries.reader.run(lambda at: stored.of_user(at, person.user))
    return found


async def test_a_room_full_of_pushers_is_woken_bit_by_bit(world: World) -> None:
    boris = await world.person(BORIS)
    room = RoomId((await boris.post("/createRoom", {})).ok()["room_id"])
    deliveries, known = world.running.deliveries, world.commands.live.pushers
    await deliveries.begun.wait()
    for number in range(300):
        known.put(PusherKey(UserId(f"@u{number}:veche.test"), "app", "key"), GATEWAY, [room])
    turns: list[int] = []
    turn = 0

    async def others() -> None:
        nonlocal turn
        while True:
            await asyncio.sleep(0)
            turn += 1

    with patch.object(deliveries, "wake", lambda user, position: turns.append(turn)):
        watching = asyncio.create_task(others())
        (await boris.put(f"/rooms/{room}/send/m.room.message/1", {"msgtype": "m.text", "body": "x"})).ok()
        await until(lambda: len(turns) == 300)
        watching.cancel()
    assert max(Counter(turns).values()) <= AT_ONCE


@pytest.mark.parametrize(
    ("failures", "chance", "asked", "pause"),
    [
        (1, 0.5, 0.0, 1.0),
        (2, 0.5, 0.0, 2.0),
        (4, 0.0, 0.0, 4.0),
        (4, 1.0, 0.0, 12.0),
        (99, 0.5, 0.0, 600.0),
        (1, 0.5, 7.0, 7.0),
    ],
)
def test_pauses_grow_and_spread(failures: int, chance: float, asked: float, pause: float) -> None:
    assert Patience().pause(failures, chance, asked) == pause


async def test_what_a_gateway_refuses_for_what_it_is_is_dropped_and_the_rest_goes_on(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    await set_pusher(boris, "key")
    world.gateways.faults[GATEWAY] = NotDelivered("it answered 413", is_final=True)
    await talk.say(anna, "too much")
    await until(lambda: world.commands.live.pushers.sending.dropped > 0)
    world.gateways.faults.clear()
    event = await talk.say(anna, "just right")
    await world.pushed(retries=True)
    assert world.gateways.events_to("key")[-1] == event


async def test_what_is_older_than_a_day_is_not_told(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    await set_pusher(boris, "key")
    world.gateways.faults[GATEWAY] = OUT
    await talk.say(anna, "yesterday")
    await world.pushed()
    world.clock.advance(seconds=DAY + 60)
    event = await talk.say(anna, "today")
    world.gateways.faults.clear()
    await world.pushed(retries=True)
    [told] = [push for push in world.gateways.to("key") if push.event_id]
    assert (told.event_id, told.unread) == (event, 2)


async def test_after_two_weeks_a_pusher_is_given_up_until_it_is_set_again(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    await set_pusher(boris, "key")
    world.gateways.faults[GATEWAY] = OUT
    await talk.say(anna)
    await world.pushed()
    assert (await row(world, boris)).is_behind
    world.clock.advance(seconds=14 * DAY + 60)
    await world.pushed(retries=True)
    assert (await row(world, boris)).disabled_ts is not None
    world.gateways.faults.clear()
    tried = world.gateways.tried
    await talk.say(anna)
    await world.restart()
    await talk.say(anna)
    await world.pushed(retries=True)
    assert world.gateways.tried == tried
    assert [one["pushkey"] for one in (await boris.get("/pushers")).ok()["pushers"]] == ["key"]
    await set_pusher(boris, "key")
    event = await talk.say(anna)
    await world.pushed(retries=True)
    assert world.gateways.events_to("key") == [event]
    assert (await row(world, boris)).disabled_ts is None


async def test_what_was_read_while_a_gateway_was_away_is_not_held_against_its_pusher(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    await set_pusher(boris, "key")
    (await boris.post(f"/rooms/{talk.room}/receipt/m.read/{await talk.say(anna)}")).ok()
    await world.pushed()
    told = len(world.gateways.pushes)
    world.gateways.faults[GATEWAY] = OUT
    missed = await talk.say(anna)
    await world.pushed()
    (await boris.post(f"/rooms/{talk.room}/receipt/m.read/{missed}")).ok()
    await world.pushed(retries=True)
    assert len(world.gateways.pushes) == told
    world.clock.advance(seconds=15 * DAY)
    before, event = world.gateways.tried, await talk.say(anna)
    await until(lambda: world.gateways.tried > before)
    world.gateways.faults.clear()
    await world.pushed(retries=True)
    assert world.gateways.events_to("key")[-1] == event
    assert (await row(world, boris)).disabled_ts is None


@pytest.mark.parametrize("restarts", [False, True])
async def test_who_only_ever_refuses_is_given_up_after_a_try(world: World, restarts: bool) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    await set_pusher(boris, "key")
    world.gateways.faults[GATEWAY] = NotDelivered("it answered 404", is_final=True)
    await talk.say(anna)
    await world.pushed(retries=True)
    assert world.commands.live.pushers.sending.dropped == 1
    if restarts:
        await world.restart()
    world.clock.advance(seconds=15 * DAY)
    tried = world.gateways.tried
    await talk.say(anna)
    await world.pushed(retries=True)
    assert world.gateways.tried == tried + 1
    assert (await row(world, boris)).disabled_ts is not None


async def test_a_start_while_the_storage_is_away_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "PAUSES", (0.0,))
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    await set_pusher(boris, "key")
    await world.pushed()
    owners, faults = queries.owners, [RuntimeError("odd"), Refused(Refusal("M_UNKNOWN", 503, "away"))]

    async def bad_owners(*given: Any) -> Any:
        if faults:
            raise faults.pop()
        return await owners(*given)

    monkeypatch.setattr(queries, "owners", bad_owners)
    await world.restart()
    event = await talk.say(anna)
    await world.pushed(retries=True)
    assert faults == []
    assert world.gateways.events_to("key") == [event]


async def test_a_gateway_may_ask_for_time_and_setting_a_pusher_again_ends_the_waiting(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    await set_pusher(boris, "key")
    world.gateways.faults[GATEWAY] = NotDelivered("it answered 429", retry_after_s=3600.0)
    event = await talk.say(anna)
    await world.pushed()
    world.gateways.faults.clear()
    second = await talk.say(anna)
    await world.pushed()
    assert world.gateways.events_to("key") == []
    await set_pusher(boris, "key", lang="fr")
    await world.pushed(retries=True)
    assert world.gateways.events_to("key") == [event, second]


async def test_somebody_locked_out_is_told_nothing(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    root = await world.person(CARLA, role="administrator")
    talk = await conversation(world, anna, boris)
    await set_pusher(boris, "key")
    await restrict(world.commands, root.asker, boris.user, "lock")
    await talk.say(anna, "boris!")
    await world.pushed(retries=True)
    await lift(world.commands, root.asker, boris.user, "lock")
    assert world.gateways.to("key") == []
    event = await talk.say(anna, "welcome back")
    await world.pushed(retries=True)
    [told] = world.gateways.to("key")
    assert (told.event_id, told.unread) == (event, 2)


async def test_silent_gateways_keep_nobody_else_waiting(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    talk = await conversation(world, anna, boris, carla)
    spellings = (OTHER_GATEWAY, OTHER_GATEWAY.replace("other", "OTHER"), OTHER_GATEWAY.replace(".org", ".org:443"))
    for number in range(LANES + 4):
        await set_pusher(boris, f"silent {number}", url=spellings[number % len(spellings)])
    await set_pusher(carla, "key")
    world.gateways.silent.update(spellings)
    said = []
    for _ in range(3):
        said.append(await talk.say(anna))
        await until(lambda: len(world.gateways.events_to("key")) == len(said))
    assert world.gateways.events_to("key") == said
    assert world.gateways.tried == LANES + len(said)
    assert (await boris.get("/sync", timeout=0)).ok()["rooms"]["join"][talk.room]["unread_notifications"] == {
        "notification_count": 3,
        "highlight_count": 0,
    }


async def test_rooms_where_nobody_has_a_pusher_cost_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    talk, other = await conversation(world, anna, carla), await conversation(world, anna, boris)
    await set_pusher(boris, "key")
    asked: list[object] = []
    due = queries.due

    async def counted(*given: Any) -> Any:
        asked.append(given)
        return await due(*given)

    monkeypatch.setattr(queries, "due", counted)
    for _ in range(5):
        await talk.say(anna, "boris!")
    await world.pushed()
    assert asked == []
    (await boris.post(f"/rooms/{other.room}/leave")).ok()
    await world.pushed()
    before = len(asked)
    await other.say(anna)
    await world.pushed()
    assert len(asked) == before


async def test_storage_that_fails_delays_and_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    await set_pusher(boris, "key")
    await world.pushed()
    due, keep = queries.due, commands.keep_places
    faults: list[Exception] = [
        Refused(Refusal("M_UNKNOWN", 503, "away")),
        RuntimeError("odd"),
        Refused(Refusal("M_X", 503, "")),
    ]

    async def bad_due(*given: Any) -> Any:
        if faults:
            raise faults.pop()
        return await due(*given)

    kept: list[Position | None] = []
    full: list[Exception] = [RuntimeError("odd"), Refused(Refusal("M_UNKNOWN", 507, "full"))]

    async def bad_keep(ctx: Any, places: Any, floor: Any) -> None:
        kept.append(floor)
        if places and full:
            raise full.pop()
        await keep(ctx, places, floor)

    monkeypatch.setattr(queries, "due", bad_due)
    monkeypatch.setattr(commands, "keep_places", bad_keep)
    event = await talk.say(anna)
    await world.pushed(retries=True)
    assert world.gateways.events_to("key") == [event]
    await until(lambda: not full)
    before = len(kept)
    await until(lambda: len(kept) > before)
    await world.restart()
    assert (await row(world, boris)).badge == 1
    await world.pushed(retries=True)
    assert world.gateways.events_to("key") == [event]


async def test_a_pusher_that_was_set_again_meanwhile_is_not_removed(world: World) -> None:
    anna = await world.person(ANNA)
    await set_pusher(anna, "key")
    old = await row(world, anna)
    world.clock.advance(seconds=5)
    await set_pusher(anna, "key")
    await commands.remove_rejected(world.commands, old)
    await commands.remove_rejected(world.commands, await row(world, anna))
    assert (await anna.get("/pushers")).ok() == {"pushers": []}
    await commands.remove_rejected(world.commands, old)


async def test_nobody_has_more_pushers_than_anybody_needs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = await world.person(ANNA)
    monkeypatch.setattr("veche.commands.notifications.pushing.MOST_PUSHERS", 2)
    for name in ("one", "two", "one"):
        await set_pusher(anna, name)
    (await anna.post("/pushers/set", pusher("three"))).refused(400, "M_INVALID_PARAM")


async def test_who_is_gone_or_reads_without_a_pusher_concerns_nobody(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    talk = await conversation(world, anna, boris, carla)
    await set_pusher(boris, "key")
    await world.commands.writer.run(lambda tx: stored.remove(tx, PusherKey(boris.user, "org.example.app", "key")))
    event = await talk.say(anna)
    (await carla.post(f"/rooms/{talk.room}/receipt/m.read/{event}")).ok()
    await world.pushed()
    assert (world.gateways.tried, world.commands.live.pushers.of(boris.user)) == (0, frozenset())


async def test_a_mere_number_may_be_rejected_too(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    event = await talk.say(anna)
    await set_pusher(boris, "key")
    world.gateways.rejected.add("key")
    (await boris.post(f"/rooms/{talk.room}/receipt/m.read/{event}")).ok()
    await world.pushed(retries=True)
    assert [push.event_id for push in world.gateways.to("key")] == [None]
    assert (await boris.get("/pushers")).ok() == {"pushers": []}


async def test_after_its_end_nothing_is_begun(world: World) -> None:
    anna = await world.person(ANNA)
    await set_pusher(anna, "key")
    deliveries = world.running.deliveries
    await world.restart()
    deliveries.wake(anna.user, Position(1))
    assert deliveries.busy == 0
    ended = Deliveries(world.commands, world.queries)
    task = asyncio.create_task(ended.run())
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    early = asyncio.create_task(ended.run())
    await asyncio.sleep(0)
    early.cancel()
    await asyncio.gather(early, return_exceptions=True)
    assert not ended.begun.is_set()
