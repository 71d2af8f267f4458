"""Push rules, the list of notifications and pushers at the door."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA
from tests.commands.conversation import conversation
from tests.stage.gateways import ALLOWED, GATEWAY, pusher
from tests.stage.world import World
from veche.domain.ids import Position
from veche.queries.notifications import listing
from veche.storage.notifications import past

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


async def test_the_list_holds_everything_that_notified(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    talk = await conversation(world, anna, boris, carla)
    first = await talk.say(anna, "boris, one")
    plain = await talk.say(anna, "everybody")
    await talk.send(anna, "m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": first, "key": "x"}})
    second = await talk.say(carla, "two", mentions={"user_ids": [boris.user]})
    await talk.say(boris, "thanks", thread=plain)
    (await boris.post(f"/rooms/{talk.room}/receipt/m.read/{first}")).ok()

    async def page(**query: Any) -> Any:
        return (await boris.get("/notifications", **query)).ok()

    async def listed(**query: Any) -> list[tuple[str, bool]]:
        return [(each["event"]["event_id"], each["read"]) for each in (await page(**query))["notifications"]]

    newest = await page(limit=1)
    [one] = newest["notifications"]
    assert (one["event"]["event_id"], one["event"]["sender"], one["room_id"]) == (second, carla.user, talk.room)
    assert one["read"] is False
    assert one["actions"][0] == "notify"
    assert one["ts"] == one["event"]["origin_server_ts"]
    assert "room_id" not in one["event"]
    rest = await page(**{"from": newest["next_token"]})
    assert [(each["event"]["event_id"], each["read"]) for each in rest["notifications"]] == [
        (plain, False),
        (first, True),
    ]
    assert "next_token" not in rest
    assert await listed(only="highlight") == [(second, False), (first, True)]
    (await boris.get("/notifications", **{"from": "x"})).refused(400, "M_INVALID_PARAM")
    assert (await anna.get("/notifications", only="highlight")).ok() == {"notifications": []}
    (await boris.put(f"/user/{boris.user}/account_data/m.ignored_user_list", {"ignored_users": {carla.user: {}}})).ok()
    assert await listed() == [(plain, False), (first, True)]
    quiet = {"set_tweak": "highlight", "value": False}
    (await boris.put(f"{RULES}/content/.m.rule.contains_user_name/actions", {"actions": ["notify", quiet]})).ok()
    (await boris.put(f"{RULES}/override/.m.rule.contains_display_name/enabled", {"enabled": False})).ok()
    assert await listed() == [(plain, False), (first, True)]
    assert await listed(only="highlight") == []
    (await boris.put(f"{RULES}/override/mute", {"actions": [], "conditions": []})).ok()
    assert await listed() == []


async def test_a_page_ends_where_too_much_was_looked_at(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talks = [await conversation(world, anna, boris) for _ in range(3)]
    said = [await talk.say(anna, f"{number}") for number in range(6) for talk in talks]
    monkeypatch.setattr(listing, "MOST_EVALUATED", 5)
    found: list[str] = []
    query: dict[str, Any] = {"limit": 4}
    pages = 0
    while query:
        page = (await boris.get("/notifications", **query)).ok()
        found += [each["event"]["event_id"] for each in page["notifications"]]
        query = {"limit": 4, "from": page["next_token"]} if "next_token" in page else {}
        pages += 1
    assert found == said[::-1]
    assert pages > 4


async def test_who_came_and_went_is_read_once_for_a_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    talk = await conversation(world, anna, boris)
    three = {"conditions": [{"kind": "room_member_count", "is": "3"}], "actions": []}
    (await boris.put(f"{RULES}/override/three", three)).ok()
    said = []
    for number in range(4):
        said.append(await talk.say(anna, f"{number}, among two"))
        (await carla.post(f"/join/{talk.room}")).ok()
        await talk.say(anna, f"{number}, among three")
        (await carla.post(f"/rooms/{talk.room}/leave")).ok()
    read: list[Position] = []
    moves = past.moves

    def watched(*where: Any) -> list[tuple[Position, int]]:
        found = moves(*where)
        read.extend(position for position, _ in found)
        return found

    monkeypatch.setattr(past, "moves", watched)
    monkeypatch.setattr(listing, "TOGETHER", 3)
    page = (await boris.get("/notifications")).ok()
    assert [each["event"]["event_id"] for each in page["notifications"]] == said[::-1]
    assert len(read) == len(set(read)) == 8


async def test_what_was_redacted_or_left_is_no_longer_listed(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk, other = await conversation(world, anna, boris), await conversation(world, anna, boris)
    event = await talk.say(anna, "boris!")
    await other.say(anna, "boris!")
    assert len((await boris.get("/notifications")).ok()["notifications"]) == 2
    (await anna.put(f"/rooms/{talk.room}/redact/{event}/t", {})).ok()
    (await boris.post(f"/rooms/{other.room}/leave")).ok()
    assert (await boris.get("/notifications")).ok() == {"notifications": []}
    assert await talk.counts(boris) == (0, 0)


async def test_by_default_no_gateway_may_be_named(world: World) -> None:
    anna = await world.person(ANNA)
    assert (await anna.get("/pushers")).ok() == {"pushers": []}
    (await anna.post("/pushers/set", pusher("k"))).refused(400, "M_INVALID_PARAM")
    (await anna.post("/pushers/set", {"app_id": "org.x", "pushkey": "k", "kind": None})).ok()
    assert (await anna.get("/pushers")).ok() == {"pushers": []}


@pytest.mark.settings(push_gateways=ALLOWED)
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": ...}, "M_MISSING_PARAM"),
        ({"kind": "carrier pigeon"}, "M_INVALID_PARAM"),
        ({"kind": "email"}, "M_INVALID_PARAM"),
        ({"kind": 1}, "M_INVALID_PARAM"),
        ({"app_id": ...}, "M_MISSING_PARAM"),
        ({"app_id": "x" * 65}, "M_INVALID_PARAM"),
        ({"app_id": ""}, "M_MISSING_PARAM"),
        ({"app_id": ["x"]}, "M_BAD_JSON"),
        ({"pushkey": ...}, "M_MISSING_PARAM"),
        ({"pushkey": "ы" * 257}, "M_INVALID_PARAM"),
        ({"pushkey": "a\x00"}, "M_INVALID_PARAM"),
        ({"app_display_name": ...}, "M_MISSING_PARAM"),
        ({"app_display_name": None}, "M_MISSING_PARAM"),
        ({"device_display_name": 1}, "M_BAD_JSON"),
        ({"lang": ...}, "M_MISSING_PARAM"),
        ({"lang": "x" * 256}, "M_INVALID_PARAM"),
        ({"profile_tag": 1}, "M_INVALID_PARAM"),
        ({"append": "yes"}, "M_BAD_JSON"),
        ({"data": ...}, "M_MISSING_PARAM"),
        ({"data": []}, "M_BAD_JSON"),
        ({"data": {}}, "M_MISSING_PARAM"),
        ({"data": {"url": GATEWAY, "format": "whole"}}, "M_INVALID_PARAM"),
        ({"data": {"url": GATEWAY, "more": "x" * 4096}}, "M_INVALID_PARAM"),
        ({"data": {"url": 1}}, "M_INVALID_PARAM"),
        ({"data": {"url": "https://push.example.org/notify"}}, "M_INVALID_PARAM"),
        ({"data": {"url": GATEWAY.replace("https", "http")}}, "M_INVALID_PARAM"),
        ({"data": {"url": GATEWAY + "?x=1"}}, "M_INVALID_PARAM"),
        ({"data": {"url": GATEWAY.replace(".org", ".net")}}, "M_INVALID_PARAM"),
    ],
)
async def test_malformed_pushers_are_refused(world: World, change: dict[str, Any], code: str) -> None:
    anna = await world.person(ANNA)
    body = {name: value for name, value in (pusher("key") | change).items() if value is not ...}
    (await anna.post("/pushers/set", body)).refused(400, code)
    assert (await anna.get("/pushers")).ok() == {"pushers": []}
