"""Push rules, the list of notifications and pushers at the door."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA
from tests.commands.conversation import conversation
from tests.stage.world import World

RULES = "/pushrules/global"
LUNCH = {"pattern": "lunch", "actions": ["notify", {"set_tweak": "sound", "value": "bell"}]}


async def test_everybody_starts_with_the_default_rules(world: World) -> None:
    anna = await world.person(ANNA)
    rules = (await anna.get("/pushrules/")).ok()
    assert set(rules) == {"global"}
    assert set(rules["global"]) == {"override", "content", "room", "sender", "underride"}
    assert (await anna.get("/pushrules")).ok() == rules
    assert (await anna.get(f"{RULES}/")).ok() == (await anna.get(RULES)).ok() == rules["global"]
    master = {"rule_id": ".m.rule.master", "default": True, "enabled": False, "actions": [], "conditions": []}
    assert (await anna.get(f"{RULES}/override/.m.rule.master")).ok() == master


async def test_a_rule_is_added_placed_changed_and_removed(world: World) -> None:
    anna = await world.person(ANNA)

    async def order() -> list[str]:
        content = (await anna.get(f"{RULES}/")).ok()["content"]
        return [rule["rule_id"] for rule in content if not rule["default"]]

    for name, query in (("a", {}), ("b", {"after": "a"}), ("e", {"before": "b"})):
        (await anna.call("PUT", f"{RULES}/content/{name}", LUNCH, **query)).ok()
    assert await order() == ["a", "e", "b"]
    rule = f"{RULES}/content/a"
    assert (await anna.get(rule)).ok() == {"rule_id": "a", "default": False, "enabled": True, **LUNCH}
    (await anna.put(f"{rule}/enabled", {"enabled": False})).ok()
    assert (await anna.get(f"{rule}/enabled")).ok() == {"enabled": False}
    (await anna.put(f"{rule}/actions", {"actions": ["notify"]})).ok()
    assert (await anna.get(f"{rule}/actions")).ok() == {"actions": ["notify"]}
    (await anna.delete(rule)).ok()
    assert await order() == ["e", "b"]
    for path in (rule, f"{rule}/enabled", f"{rule}/actions"):
        (await anna.get(path)).refused(404, "M_NOT_FOUND")


async def test_rules_for_rooms_and_people_bear_their_ids(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    for kind, rule_id in (("room", talk.room), ("sender", anna.user)):
        path = f"{RULES}/{kind}/{rule_id.replace('!', '%21').replace('@', '%40')}"
        (await boris.put(path, {"actions": ["dont_notify"]})).ok()
        assert (await boris.get(path)).ok()["actions"] == []
    await talk.say(anna)
    room = (await boris.get("/sync")).ok()["rooms"]["join"][talk.room]
    assert room["unread_notifications"] == {"notification_count": 0, "highlight_count": 0}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("PUT", "content/.x", LUNCH, 400, "M_INVALID_PARAM"),
        ("PUT", "content/x%2Fy", LUNCH, 400, "M_INVALID_PARAM"),
        ("PUT", "content/x", {"pattern": "x"}, 400, "M_MISSING_PARAM"),
        ("PUT", "content/x", {"actions": []}, 400, "M_MISSING_PARAM"),
        ("PUT", "content/x", [], 400, "M_BAD_JSON"),
        ("PUT", "nothing/x", LUNCH, 400, "M_INVALID_PARAM"),
        ("PUT", "content/x?before=y", LUNCH, 400, "M_UNKNOWN"),
        ("PUT", "content/x/enabled", {"enabled": True}, 404, "M_NOT_FOUND"),
        ("PUT", "override/.m.rule.master/enabled", {"enabled": "yes"}, 400, "M_BAD_JSON"),
        ("PUT", "override/.m.rule.master/enabled", {}, 400, "M_MISSING_PARAM"),
        ("PUT", "override/.m.rule.master/actions", {}, 400, "M_MISSING_PARAM"),
        ("PUT", "override/.m.rule.master/actions", {"actions": ["shout"]}, 400, "M_INVALID_PARAM"),
        ("DELETE", "override/.m.rule.master", None, 400, "M_INVALID_PARAM"),
        ("DELETE", "content/x", None, 404, "M_NOT_FOUND"),
        ("GET", "nothing/x", None, 404, "M_NOT_FOUND"),
    ],
)
async def test_bad_requests_about_rules(
    world: World, method: str, path: str, body: object, status: int, code: str
) -> None:
    anna = await world.person(ANNA)
    before = (await anna.get("/pushrules/")).ok()
    (await anna.call(method, f"{RULES}/{path}", body)).refused(status, code)
    assert (await anna.get("/pushrules/")).ok() == before


async def test_muting_reaches_an_open_poll_with_new_counts(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    await talk.say(anna, "boris!")
    poll = boris.begin("GET", "/sync", since=(await boris.get("/sync")).ok()["next_batch"], timeout=30_000)
    (await boris.put(f"{RULES}/override/.m.rule.master/enabled", {"enabled": True})).ok()
    found = (await poll.answer()).ok()
    assert [event["type"] for event in found["account_data"]["events"]] == ["m.push_rules"]
    counts = found["rooms"]["join"][talk.room]["unread_notifications"]
    assert counts == {"notification_count": 0, "highlight_count": 0}


async def test_the_list_holds_what_named_somebody(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    talk = await conversation(world, anna, boris, carla)
    first = await talk.say(anna, "boris, one")
    await talk.say(anna, "nobody")
    second = await talk.say(carla, "two", mentions={"user_ids": [boris.user]})
    (await boris.post(f"/rooms/{talk.room}/receipt/m.read/{first}")).ok()

    async def page(**query: Any) -> Any:
        return (await boris.get("/notifications", **query)).ok()

    newest = await page(limit=1)
    [one] = newest["notifications"]
    assert (one["event"]["event_id"], one["event"]["sender"], one["room_id"]) == (second, carla.user, talk.room)
    assert one["read"] is False
    assert one["actions"][0] == "notify"
    assert one["ts"] == one["event"]["origin_server_ts"]
    assert "room_id" not in one["event"]
    rest = await page(**{"from": newest["next_token"]})
    assert [(each["event"]["event_id"], each["read"]) for each in rest["notifications"]] == [(first, True)]
    assert "next_token" not in rest
    assert len((await page(only="highlight"))["notifications"]) == 2
    (await boris.get("/notifications", **{"from": "x"})).refused(400, "M_INVALID_PARAM")
    assert (await anna.get("/notifications")).ok() == {"notifications": []}
    (await boris.put(f"{RULES}/sender/{carla.user}", {"actions": []})).ok()
    (await boris.put(f"/user/{boris.user}/account_data/m.ignored_user_list", {"ignored_users": {carla.user: {}}})).ok()
    assert [each["event"]["event_id"] for each in (await page())["notifications"]] == [first]
    quiet = {"set_tweak": "highlight", "value": False}
    (await boris.put(f"{RULES}/content/.m.rule.contains_user_name/actions", {"actions": ["notify", quiet]})).ok()
    (await boris.put(f"{RULES}/override/.m.rule.contains_display_name/enabled", {"enabled": False})).ok()
    assert len((await page())["notifications"]) == 1
    assert (await page(only="highlight"))["notifications"] == []


async def test_what_was_redacted_or_left_is_no_longer_listed(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk, other = await conversation(world, anna, boris), await conversation(world, anna, boris)
    event = await talk.say(anna, "boris!")
    await other.say(anna, "boris!")
    assert len((await boris.get("/notifications")).ok()["notifications"]) == 2
    (await anna.put(f"/rooms/{talk.room}/redact/{event}/t", {})).ok()
    (await boris.post(f"/rooms/{other.room}/leave")).ok()
    assert (await boris.get("/notifications")).ok() == {"notifications": []}


async def test_there_are_no_pushers_and_none_can_be_set(world: World) -> None:
    anna = await world.person(ANNA)
    assert (await anna.get("/pushers")).ok() == {"pushers": []}
    wanted = {"app_id": "org.x", "pushkey": "k"}
    (await anna.post("/pushers/set", {**wanted, "kind": "http"})).refused(400, "M_INVALID_PARAM")
    (await anna.post("/pushers/set", {**wanted, "kind": None})).ok()
    (await anna.post("/pushers/set", wanted)).refused(400, "M_MISSING_PARAM")
