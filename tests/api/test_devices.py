"""Devices at the door: listing, naming, deleting."""

from typing import Any

from tests.stage.world import Person, World
from veche.commands.sessions import note_uses


def prove(person: Person) -> dict[str, Any]:
    name = person.user[1:].partition(":")[0]
    return {"type": "m.login.password", "user": person.user, "password": f"{name}'s own password"}


async def test_everybody_sees_their_own_devices(world: World) -> None:
    farid, anna = await world.people("farid", "anna")
    await world.device(farid.user, "OTHER")
    await note_uses(world.commands)
    listed = (await farid.get("/devices")).ok()["devices"]
    assert [device["device_id"] for device in listed] == ["FARID", "OTHER"]
    assert listed[1] == {"device_id": "OTHER", "display_name": "other"}
    (await anna.get("/devices/OTHER")).refused(404, "M_NOT_FOUND")
    (await farid.get("/devices/%00")).refused(400, "M_INVALID_PARAM")


async def test_when_and_where_a_device_was_seen(world: World) -> None:
    farid = await world.person("farid")
    before = world.clock()
    (await farid.get("/account/whoami")).ok()
    await note_uses(world.commands)
    device = (await farid.get("/devices/FARID")).ok()
    assert device["last_seen_ip"] == "127.0.0.1"
    assert before <= device["last_seen_ts"] <= world.clock()


async def test_a_device_is_noted_once_a_minute(world: World) -> None:
    farid = await world.person("farid")
    (await farid.get("/account/whoami")).ok()
    await note_uses(world.commands)
    first = (await farid.get("/devices/FARID")).ok()["last_seen_ts"]
    world.clock.advance(seconds=30)
    await farid.get("/account/whoami")
    await note_uses(world.commands)
    assert (await farid.get("/devices/FARID")).ok()["last_seen_ts"] == first
    world.clock.advance(seconds=31)
    await farid.get("/account/whoami")
    await note_uses(world.commands)
    assert (await farid.get("/devices/FARID")).ok()["last_seen_ts"] >= first + 60_000


async def test_a_device_gets_another_name(world: World) -> None:
    farid = await world.person("farid")
    (await farid.put("/devices/FARID", {"display_name": "Faridin puhelin"})).ok()
    (await farid.put("/devices/FARID", {})).ok()
    assert (await farid.get("/devices/FARID")).ok()["display_name"] == "Faridin puhelin"
    (await farid.put("/devices/NONE", {"display_name": "x"})).refused(404, "M_NOT_FOUND")
    (await farid.put("/devices/FARID", {"display_name": "a\x00"})).refused(400, "M_INVALID_PARAM")
    (await farid.put("/devices/FARID", {"display_name": 5})).refused(400, "M_BAD_JSON")


async def test_deleting_a_device_takes_the_password(world: World) -> None:
    farid = await world.person("farid")
    other = await world.device(farid.user, "OTHER")
    asked = await farid.delete("/devices/OTHER")
    assert asked.status == 401
    session = asked.json["session"]
    (await other.get("/account/whoami")).ok()
    (await farid.delete("/devices/OTHER", {"auth": {**prove(farid), "session": session}})).ok()
    (await other.get("/account/whoami")).refused(401, "M_UNKNOWN_TOKEN")
    (await farid.delete("/devices/OTHER", {"auth": prove(farid)})).ok()


async def test_a_check_is_good_for_what_was_asked_only(world: World) -> None:
    farid, anna = await world.people("farid", "anna")
    session = (await farid.delete("/devices/OTHER")).json["session"]
    proof = {**prove(farid), "session": session}
    (await farid.delete("/devices/FARID", {"auth": proof})).refused(401, "M_FORBIDDEN")
    (await farid.post("/account/deactivate", {"auth": proof})).refused(401, "M_FORBIDDEN")
    (await anna.delete("/devices/OTHER", {"auth": {**prove(anna), "session": session}})).refused(401, "M_FORBIDDEN")
    (await farid.delete("/devices/OTHER", {"auth": proof})).ok()


async def test_several_devices_go_at_once(world: World) -> None:
    farid = await world.person("farid")
    for name in ("ONE", "TWO"):
        await world.device(farid.user, name)
    body = {"devices": ["ONE", "TWO", "NONE", "\x00"]}
    session = (await farid.post("/delete_devices", body)).json["session"]
    (await farid.post("/delete_devices", {**body, "auth": {**prove(farid), "session": session}})).ok()
    assert [device["device_id"] for device in (await farid.get("/devices")).ok()["devices"]] == ["FARID"]
    (await farid.post("/delete_devices", {})).refused(400, "M_MISSING_PARAM")


async def test_nobody_deletes_other_peoples_devices(world: World) -> None:
    anna, boris = await world.people("anna", "boris")
    (await anna.delete("/devices/BORIS", {"auth": prove(anna)})).ok()
    (await boris.get("/account/whoami")).ok()


async def test_a_deleted_device_loses_its_keys_and_messages(world: World) -> None:
    farid, anna = await world.people("farid", "anna")
    other = await world.device(farid.user, "OTHER")
    keys = {
        "user_id": farid.user,
        "device_id": "OTHER",
        "algorithms": [],
        "keys": {"ed25519:OTHER": "k"},
        "signatures": {},
    }
    (await other.post("/keys/upload", {"device_keys": keys})).ok()
    message = {"messages": {farid.user: {"OTHER": {"a": 1}}}}
    (await anna.put("/sendToDevice/org.example/1", message)).ok()
    since = (await farid.get("/sync")).ok()["next_batch"]
    (await other.post("/logout")).ok()
    found = await anna.post("/keys/query", {"device_keys": {farid.user: []}})
    assert found.ok()["device_keys"].get(farid.user, {}) == {}
    changed = (await farid.get("/sync", since=since)).ok()["device_lists"]["changed"]
    assert changed == [farid.user]
    again = await world.device(farid.user, "OTHER")
    assert (await again.get("/sync")).ok().get("to_device", {}).get("events", []) == []


async def test_a_new_name_is_news_to_those_who_see_the_keys(world: World) -> None:
    farid = await world.person("farid")
    keys = {"user_id": farid.user, "device_id": "FARID", "algorithms": [], "keys": {}, "signatures": {}}
    since = (await farid.get("/sync")).ok()["next_batch"]
    (await farid.put("/devices/FARID", {"display_name": "bare"})).ok()
    silent = (await farid.get("/sync", since=since)).ok()
    assert silent.get("device_lists", {}).get("changed", []) == []
    (await farid.post("/keys/upload", {"device_keys": keys})).ok()
    since = (await farid.get("/sync")).ok()["next_batch"]
    (await farid.put("/devices/FARID", {"display_name": "with keys"})).ok()
    assert (await farid.get("/sync", since=since)).ok()["device_lists"]["changed"] == [farid.user]
