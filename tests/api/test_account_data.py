"""Account data, tags and filters at the door: kept for their owner, told to all of the owner's devices."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS
from tests.commands.conversation import conversation
from tests.stage.world import Person, World


def of(person: Person, rest: str) -> str:
    """A path below somebody's own."""
    return f"/user/{person.user}/{rest}"


async def told(person: Person, **query: Any) -> dict[str, Any]:
    """The global account data in somebody's sync, by type."""
    found = (await person.get("/sync", **query)).ok()
    return {event["type"]: event["content"] for event in found.get("account_data", {}).get("events", [])}


async def told_in(person: Person, room: str, **query: Any) -> dict[str, Any]:
    """A room's account data in somebody's sync, by type."""
    rooms = (await person.get("/sync", **query)).ok().get("rooms", {}).get("join", {})
    events = rooms.get(room, {}).get("account_data", {}).get("events", [])
    return {event["type"]: event["content"] for event in events}


async def test_global_data_reaches_the_owners_other_device_only(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    phone = await world.device(anna.user, "PHONE")
    await conversation(world, anna, boris)
    since = (await phone.get("/sync")).ok()["next_batch"]
    others = (await boris.get("/sync")).ok()["next_batch"]
    poll = phone.begin("GET", "/sync", since=since, timeout=30_000)
    content = {"order": 0.5, "nested": {"текст": [1, None, True]}}
    (await anna.put(of(anna, "account_data/org.x"), content)).ok()
    events = (await poll.answer()).ok()["account_data"]["events"]
    assert events == [{"type": "org.x", "content": content}]
    assert (await phone.get(of(anna, "account_data/org.x"))).ok() == content
    assert (await told(anna))["org.x"] == content
    assert await told(boris, since=others) == {}
    assert "org.x" not in await told(boris)


async def test_data_of_a_room_comes_with_the_room(world: World) -> None:
    anna = await world.person(ANNA)
    talk, other = await conversation(world, anna), await conversation(world, anna)
    since = (await anna.get("/sync")).ok()["next_batch"]
    path = of(anna, f"rooms/{talk.room}/account_data/org.x%2Fy")
    (await anna.get(path)).refused(404, "M_NOT_FOUND")
    (await anna.put(path, {"a": 1})).ok()
    assert (await anna.get(path)).ok() == {"a": 1}
    assert await told_in(anna, talk.room, since=since) == {"org.x/y": {"a": 1}}
    assert await told_in(anna, talk.room) == {"org.x/y": {"a": 1}}
    assert await told_in(anna, other.room) == {}
    shape = '{"room":{"account_data":{"types":["m.*"]}}}'
    assert await told_in(anna, talk.room, filter=shape) == {}


async def test_a_filter_chooses_global_data(world: World) -> None:
    anna = await world.person(ANNA)
    for name in ("org.a", "org.b"):
        (await anna.put(of(anna, f"account_data/{name}"), {})).ok()
    assert set(await told(anna, filter='{"account_data":{"types":["org.*"]}}')) == {"org.a", "org.b"}
    assert set(await told(anna, filter='{"account_data":{"not_types":["org.a"]}}')) == {"org.b", "m.push_rules"}


async def test_push_rules_come_first_and_whenever_they_change(world: World) -> None:
    anna = await world.person(ANNA)
    first = (await anna.get("/sync")).ok()
    [event] = first["account_data"]["events"]
    rules = (await anna.get("/pushrules/")).ok()
    assert event == {"type": "m.push_rules", "content": rules}
    assert (await anna.get(of(anna, "account_data/m.push_rules"))).ok() == rules
    assert await told(anna, since=first["next_batch"]) == {}
    (await anna.put("/pushrules/global/content/x", {"pattern": "x", "actions": []})).ok()
    changed = await told(anna, since=first["next_batch"])
    assert changed["m.push_rules"]["global"]["content"][0]["rule_id"] == "x"


@pytest.mark.parametrize("kind", ["m.fully_read", "m.push_rules"])
async def test_what_the_server_keeps_cannot_be_set(world: World, kind: str) -> None:
    anna = await world.person(ANNA)
    (await anna.put(of(anna, f"account_data/{kind}"), {})).refused(405, "M_BAD_JSON")
    (await anna.put(of(anna, f"rooms/!x:y/account_data/{kind}"), {})).refused(405, "M_BAD_JSON")


@pytest.mark.parametrize(
    ("body", "code"), [(b"", "M_NOT_JSON"), (b"{", "M_NOT_JSON"), (b"[]", "M_BAD_JSON"), (b'{"n":1e400}', "M_NOT_JSON")]
)
async def test_data_must_be_an_object(world: World, body: bytes, code: str) -> None:
    anna = await world.person(ANNA)
    (await anna.put(of(anna, "account_data/x"), body)).refused(400, code)
    (await anna.get(of(anna, "account_data/x"))).refused(404, "M_NOT_FOUND")


async def test_a_malformed_room_is_refused(world: World) -> None:
    anna = await world.person(ANNA)
    for method, body in (("GET", None), ("PUT", {})):
        (await anna.call(method, of(anna, "rooms/x/account_data/a"), body)).refused(400, "M_INVALID_PARAM")


async def test_nothing_here_is_for_anybody_else(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    (await anna.put(of(anna, "account_data/secret"), {"canary": 1})).ok()
    filter_id = (await anna.post(of(anna, "filter"), {})).ok()["filter_id"]
    for method, rest, body in (
        ("GET", "account_data/secret", None),
        ("PUT", "account_data/secret", {}),
        ("GET", "rooms/!x:y/account_data/secret", None),
        ("PUT", "rooms/!x:y/account_data/secret", {}),
        ("GET", "rooms/!x:y/tags", None),
        ("PUT", "rooms/!x:y/tags/t", {}),
        ("DELETE", "rooms/!x:y/tags/t", None),
        ("POST", "filter", {}),
        ("GET", f"filter/{filter_id}", None),
    ):
        answer = await boris.call(method, of(anna, rest), body)
        answer.refused(403, "M_FORBIDDEN")
        assert b"canary" not in answer.bytes


async def test_tags_are_listed_and_synced_as_one_event(world: World) -> None:
    anna = await world.person(ANNA)
    talk = await conversation(world, anna)
    tags = of(anna, f"rooms/{talk.room}/tags")
    assert (await anna.get(tags)).ok() == {"tags": {}}
    (await anna.put(tags + "/m.favourite", {"order": 0.25})).ok()
    (await anna.put(tags + "/u.work%2Fhome", {})).ok()
    expected = {"tags": {"m.favourite": {"order": 0.25}, "u.work/home": {}}}
    assert (await anna.get(tags)).ok() == expected
    assert await told_in(anna, talk.room) == {"m.tag": expected}
    since = (await anna.get("/sync")).ok()["next_batch"]
    (await anna.delete(tags + "/m.favourite")).ok()
    assert await told_in(anna, talk.room, since=since) == {"m.tag": {"tags": {"u.work/home": {}}}}
    (await anna.put(tags + "/x", {"order": "first"})).refused(400, "M_BAD_JSON")


async def test_malformed_tags_are_shown_as_none(world: World) -> None:
    anna = await world.person(ANNA)
    (await anna.put(of(anna, "rooms/!x:y/account_data/m.tag"), {"tags": 7})).ok()
    assert (await anna.get(of(anna, "rooms/!x:y/tags"))).ok() == {"tags": {}}


async def test_a_stored_filter_works_by_its_id(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    given = {"account_data": {"types": ["org.x"]}, "room": {"timeline": {"limit": 3}}}
    filter_id = (await anna.post(of(anna, "filter"), given)).ok()["filter_id"]
    assert (await anna.get(of(anna, f"filter/{filter_id}"))).ok() == given
    for _ in range(2):
        assert await told(anna, filter=filter_id) == {}
    (await boris.get("/sync", filter=filter_id)).refused(400, "M_INVALID_PARAM")
    (await boris.get(of(boris, f"filter/{filter_id}"))).refused(404, "M_NOT_FOUND")
    (await anna.post(of(anna, "filter"), {"room": 7})).refused(400, "M_INVALID_PARAM")
