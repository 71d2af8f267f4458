"""Pushers at the door, and what their gateways are told."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA
from tests.commands.conversation import conversation
from tests.stage.gateways import ALLOWED, GATEWAY, OTHER_GATEWAY, pusher
from tests.stage.mail import SETTINGS
from tests.stage.waiting import until
from tests.stage.world import Person, World
from veche.domain.accounts.addresses import Address
from veche.integrations.gateways import NotDelivered
from veche.storage.accounts import addresses

pytestmark = pytest.mark.settings(push_gateways=ALLOWED)


async def set_pusher(person: Person, pushkey: str, **more: Any) -> None:
    (await person.post("/pushers/set", pusher(pushkey, **more))).ok()


async def test_pushers_are_set_listed_changed_and_removed(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await set_pusher(anna, "one", profile_tag="work")
    await set_pusher(anna, "two", data={"format": "event_id_only", "brand": "x"})
    assert (await anna.get("/pushers")).ok() == {
        "pushers": [
            pusher("one", profile_tag="work"),
            pusher("two", data={"format": "event_id_only", "brand": "x"}),
        ]
    }
    await set_pusher(anna, "one", lang="fr")
    [two, one] = (await anna.get("/pushers")).ok()["pushers"]
    assert (one["lang"], two["lang"]) == ("fr", "en")
    assert (await boris.get("/pushers")).ok() == {"pushers": []}
    (await anna.post("/pushers/set", {"app_id": "org.example.app", "pushkey": "one", "kind": None})).ok()
    assert (await anna.get("/pushers")).ok()["pushers"] == [two]


async def test_a_pushkey_has_one_owner_unless_it_is_appended(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    await set_pusher(anna, "key")
    await set_pusher(boris, "key", append=True)
    for person in (anna, boris):
        assert len((await person.get("/pushers")).ok()["pushers"]) == 1
    await set_pusher(carla, "key")
    for person in (anna, boris):
        assert (await person.get("/pushers")).ok()["pushers"] == []


async def test_pushers_end_with_their_device(world: World) -> None:
    anna = await world.person(ANNA)
    tablet, phone = await world.device(anna.user, "TABLET"), await world.device(anna.user, "PHONE")
    for person, key in ((anna, "desk"), (tablet, "tablet"), (phone, "phone")):
        await set_pusher(person, key)
    (await tablet.post("/logout")).ok()
    assert [one["pushkey"] for one in (await anna.get("/pushers")).ok()["pushers"]] == ["desk", "phone"]
    proof = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": anna.user}}
    change = {"new_password": "another long password", "auth": proof | {"password": f"{ANNA}'s own password"}}
    (await anna.post("/account/password", change)).ok()
    assert [one["pushkey"] for one in (await anna.get("/pushers")).ok()["pushers"]] == ["desk"]


async def test_a_gateway_is_told_of_an_event(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    (await anna.put(f"/rooms/{talk.room}/state/m.room.name", {"name": "Kitchen"})).ok()
    await set_pusher(boris, "key", data={"brand": "x"})
    await set_pusher(boris, "bare", data={"format": "event_id_only"}, url=OTHER_GATEWAY)
    event = await talk.say(anna, "hello boris")
    await world.pushed()
    [told], [bare] = world.gateways.to("key"), world.gateways.to("bare")
    assert (told.url, bare.url) == (GATEWAY, OTHER_GATEWAY)
    [device] = told.notification.pop("devices")
    assert device.pop("pushkey_ts") <= world.clock() // 1000
    assert device == {
        "app_id": "org.example.app",
        "pushkey": "key",
        "data": {"brand": "x"},
        "tweaks": {"sound": "default", "highlight": True},
    }
    assert told.notification == {
        "event_id": event,
        "room_id": talk.room,
        "type": "m.room.message",
        "sender": anna.user,
        "room_name": "Kitchen",
        "prio": "high",
        "content": {"msgtype": "m.text", "body": "hello boris"},
        "counts": {"unread": 1},
    }
    [device] = bare.notification.pop("devices")
    assert device.keys() == {"app_id", "pushkey", "pushkey_ts", "data"}
    assert device["data"] == {"format": "event_id_only"}
    assert bare.notification == {"event_id": event, "room_id": talk.room, "prio": "high", "counts": {"unread": 1}}


async def test_an_invitation_is_told_and_who_sends_is_not(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await set_pusher(boris, "key")
    await set_pusher(anna, "sender")
    talk = await conversation(world, anna)
    (await anna.post(f"/rooms/{talk.room}/invite", {"user_id": boris.user})).ok()
    await world.pushed()
    [told] = world.gateways.to("key")
    assert told.notification["type"] == "m.room.member"
    assert (told.notification["user_is_target"], told.notification["membership"]) == (True, "invite")
    assert told.unread == 0
    [listed] = (await boris.get("/notifications")).ok()["notifications"]
    assert (listed["event"]["event_id"], listed["read"]) == (told.event_id, False)
    (await boris.post(f"/join/{talk.room}")).ok()
    await talk.say(anna)
    await world.pushed()
    assert [push.unread for push in world.gateways.to("key")] == [0, 1]
    assert world.gateways.events_to("sender") == []
    assert [one["read"] for one in (await boris.get("/notifications")).ok()["notifications"]] == [False, True]


async def test_reading_lowers_the_number(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk, other = await conversation(world, anna, boris), await conversation(world, anna, boris)
    await set_pusher(boris, "key")
    first = await talk.say(anna)
    await world.pushed()
    await other.say(anna)
    await world.pushed()
    (await boris.post(f"/rooms/{talk.room}/receipt/m.read/{first}")).ok()
    await world.pushed()
    assert [(push.event_id is None, push.unread) for push in world.gateways.to("key")] == [
        (False, 1),
        (False, 2),
        (True, 1),
    ]
    (await boris.post(f"/rooms/{talk.room}/receipt/m.read.private/{first}")).ok()
    await world.pushed()
    assert len(world.gateways.to("key")) == 3


@pytest.mark.settings(push_gateways=ALLOWED, push_badge="rooms")
async def test_the_number_may_count_rooms(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk, other = await conversation(world, anna, boris), await conversation(world, anna, boris)
    await set_pusher(boris, "key")
    for room in (talk, talk, other):
        await room.say(anna)
        await world.pushed()
    assert [push.unread for push in world.gateways.to("key")] == [1, 1, 2]


async def test_a_rejected_pusher_is_removed(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    await set_pusher(boris, "key")
    await set_pusher(boris, "good")
    world.gateways.rejected.add("key")
    for _ in range(2):
        await talk.say(anna)
        await world.pushed()
    assert [one["pushkey"] for one in (await boris.get("/pushers")).ok()["pushers"]] == ["good"]
    assert (len(world.gateways.to("key")), len(world.gateways.to("good"))) == (1, 2)


async def test_a_failing_gateway_loses_nothing_and_delays_nobody(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    await set_pusher(boris, "bad")
    await set_pusher(boris, "good", url=OTHER_GATEWAY)
    world.gateways.faults[GATEWAY] = NotDelivered("it answered 500")
    sent = []
    for number in range(12):
        sent.append(await talk.say(anna, f"message {number}"))
        await world.pushed()
    assert world.gateways.events_to("good") == sent
    assert world.gateways.events_to("bad") == []
    await world.restart()
    await world.pushed()
    world.gateways.faults.clear()
    await until(lambda: len(world.gateways.events_to("bad")) >= len(sent))
    await world.pushed()
    sent.append(await talk.say(anna, "one more"))
    await world.pushed()
    assert world.gateways.events_to("bad") == world.gateways.events_to("good") == sent
    await world.restart()
    await world.pushed()
    assert world.gateways.events_to("bad") == world.gateways.events_to("good") == sent


@pytest.mark.settings(push_gateways=ALLOWED, **SETTINGS)
async def test_letters_end_by_their_owner_only(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    address = Address("boris@example.org", boris.user, world.clock(), world.clock())
    await world.commands.writer.run(lambda tx: addresses.add(tx, address))
    mailed = {**pusher("boris@example.org", app_id="m.email", kind="email"), "data": {}}
    (await boris.post("/pushers/set", mailed)).ok()
    for wish in (
        mailed,
        pusher("boris@example.org", app_id="m.email"),
        {**mailed, "app_id": "org.example.app"},
        pusher("Boris@Example.org", app_id="m.email"),
    ):
        (await anna.post("/pushers/set", wish)).refused(400, "M_INVALID_PARAM")
    (await anna.post("/pushers/set", {"app_id": "m.email", "pushkey": "boris@example.org", "kind": None})).ok()
    assert [one["kind"] for one in (await boris.get("/pushers")).ok()["pushers"]] == ["email"]
