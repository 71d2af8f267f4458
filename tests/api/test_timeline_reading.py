"""Reading the timeline at the door: pages both ways, filters, lazy members, single events, context, times."""

import json
from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA, FARID
from tests.stage.people import Person
from tests.stage.rooms import bodies, event, found, log, put_state, redact, say, send
from tests.stage.world import World
from veche.domain.ids import RoomId
from veche.queries.timeline import paging

NOWHERE = "!nowhere:veche.test"
V1 = "/_matrix/client/v1/rooms"


async def page(person: Person, room: RoomId, **query: Any) -> dict[str, Any]:
    """One page of a room's log."""
    answer: dict[str, Any] = (await person.get(f"/rooms/{room}/messages", **query)).ok()
    return answer


async def pages(person: Person, room: RoomId, **query: Any) -> list[list[dict[str, Any]]]:
    """Page on until there is nothing more; every token given is the one asked with."""
    found_, start = [], None
    while True:
        answer = await page(person, room, **query, **({"from": start} if start else {}))
        assert start is None or answer["start"] == start
        found_.append(answer["chunk"])
        start = answer.get("end")
        if start is None:
            return found_


def ids(events: list[dict[str, Any]]) -> list[str]:
    """Their ids."""
    return [one["event_id"] for one in events]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 10, 26, 27, 28, 1000])
async def test_paging_reaches_both_ends_and_stops_there(world: World, limit: int) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    for number in range(21):
        await say(anna, room, str(number))
    whole = ids(await log(anna, room))
    assert len(whole) == 27
    for direction, order in (("b", whole[::-1]), ("f", whole)):
        some = await pages(anna, room, dir=direction, limit=limit)
        assert [one for chunk in some for one in ids(chunk)] == order
        assert [len(chunk) for chunk in some[:-1]] == [limit] * (len(some) - 1)
        assert len(some) == -(-len(whole) // limit), "no page is empty"


async def test_a_page_has_ten_events_and_names_its_start(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    for number in range(12):
        await say(anna, room, str(number))
    answer = await page(anna, room, dir="b")
    assert bodies(answer["chunk"]) == [str(number) for number in range(11, 1, -1)]
    assert answer.keys() == {"chunk", "start", "end"}
    assert len((await page(anna, room, dir="b", limit=0))["chunk"]) == 1
    assert len((await page(anna, room, dir="b", limit=-7))["chunk"]) == 1
    assert len((await page(anna, room, dir="b", limit=2**53 - 1))["chunk"]) == 18


async def test_tokens_of_pages_and_syncs_fit_together(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    await say(anna, room, "one")
    first = (await anna.get("/sync")).ok()["next_batch"]
    for text in ("two", "three"):
        await say(anna, room, text)
    second = (await anna.get("/sync", since=first)).ok()
    await say(anna, room, "four")
    after = second["next_batch"]
    before = second["rooms"]["join"][room]["timeline"]["prev_batch"]
    for start, stop, direction, expected in (
        (first, after, "f", ["two", "three"]),
        (after, first, "b", ["three", "two"]),
        (before, after, "f", ["two", "three"]),
        (first, None, "f", ["two", "three", "four"]),
        (None, first, "b", ["four", "three", "two"]),
        (after, after, "f", []),
        (first, after, "b", ["one"]),
        (after, first, "f", ["four"]),
    ):
        query = {name: value for name, value in (("from", start), ("to", stop)) if value}
        if (start, stop, direction) in ((first, after, "b"), (after, first, "f")):
            query.pop("to")  # there is nothing in that direction to stop at
        answer = await page(anna, room, dir=direction, **query)
        assert bodies(answer["chunk"]) == expected, (start, stop, direction)
        assert start is None or answer["start"] == start


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"dir": "x"},
        {"dir": ""},
        {"dir": "b", "from": "nonsense"},
        {"dir": "b", "to": "-3"},
        {"dir": "b", "from": "9" * 40},
        {"dir": "b", "limit": "many"},
        {"dir": "b", "limit": "1.5"},
        {"dir": "b", "limit": str(2**70)},
        {"dir": "b", "limit": "9" * 5000},
        {"dir": "b", "filter": "{"},
        {"dir": "b", "filter": "[]"},
        {"dir": "b", "filter": '{"types":7}'},
        {"dir": "b", "filter": '{"limit":"x"}'},
        {"dir": "b", "filter": "[" * 50_000},
        {"dir": "b", "from": "1\x00"},
    ],
)
async def test_questions_that_make_no_sense(world: World, query: dict[str, str]) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    answer = await anna.get(f"/rooms/{room}/messages", **query)
    assert answer.status == 400
    assert answer.errcode in ("M_MISSING_PARAM", "M_INVALID_PARAM", "M_NOT_JSON")
    assert answer.json["error"]


async def test_filters(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris, name="Kitchen")
    await say(anna, room, "plain")
    await say(boris, room, "picture", url="mxc://veche.test/x")
    await send(anna, room, "org.example.note", {"body": "note"})
    for wish, expected in (
        ({}, ["plain", "picture", "note"]),
        ({"types": ["m.room.message"]}, ["plain", "picture"]),
        ({"types": ["m.room.*"]}, ["plain", "picture"]),
        ({"types": ["*.note"]}, ["note"]),
        ({"types": []}, []),
        ({"not_types": ["m.room.message"]}, ["note"]),
        ({"senders": [boris.user]}, ["picture"]),
        ({"not_senders": [boris.user]}, ["plain", "note"]),
        ({"types": ["m.room.message"], "not_senders": [anna.user]}, ["picture"]),
        ({"contains_url": True}, ["picture"]),
        ({"contains_url": False}, ["plain", "note"]),
        ({"rooms": [room]}, ["plain", "picture", "note"]),
        ({"rooms": [NOWHERE]}, []),
        ({"not_rooms": [room]}, []),
        ({"org.example.unknown": 7}, ["plain", "picture", "note"]),
    ):
        for direction, order in (("f", expected), ("b", expected[::-1])):
            some = await pages(anna, room, dir=direction, limit=1, filter=json.dumps(wish))
            assert [text for chunk in some for text in bodies(chunk)] == order, (wish, direction)


async def test_a_filter_that_nothing_passes_ends_a_page_early(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "_MOST_READ", 5)
    anna = await world.person(ANNA)
    room = await found(anna)
    await say(anna, room, "needle")
    for _ in range(12):
        await send(anna, room, "org.example.hay", {})
    wish = json.dumps({"types": ["m.room.message"]})
    some = await pages(anna, room, dir="b", filter=wish)
    assert [bodies(chunk) for chunk in some] == [[], [], ["needle"], []], "one asks on from where it stopped"


async def test_lazy_members_are_those_who_wrote_what_is_on_the_page(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(anna, boris, carla)
    await say(boris, room, "one")
    await say(carla, room, "two")
    lazy = json.dumps({"lazy_load_members": True})
    answer = await page(anna, room, dir="b", limit=1, filter=lazy)
    [member] = answer["state"]
    assert (member["type"], member["state_key"], member["room_id"]) == ("m.room.member", carla.user, room)
    answer = await page(anna, room, dir="b", limit=2, filter=lazy)
    assert {one["state_key"] for one in answer["state"]} == {boris.user, carla.user}
    assert "state" not in await page(anna, room, dir="b", limit=2)
    assert "state" not in await page(anna, room, dir="b", filter=json.dumps({"lazy_load_members": True, "types": []}))


async def test_one_event(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room, other = await found(anna, boris), await found(anna, boris)
    said = await say(anna, room, "hello")
    world.clock.advance(seconds=7)
    seen = await event(boris, room, said)
    assert 7000 <= seen["unsigned"].pop("age") < 600_000
    assert seen == {
        "content": {"body": "hello", "msgtype": "m.text"},
        "event_id": said,
        "origin_server_ts": seen["origin_server_ts"],
        "room_id": room,
        "sender": anna.user,
        "type": "m.room.message",
        "unsigned": {"membership": "join"},
    }
    for path in (f"{room}/event/$nothing", f"{other}/event/{said}", f"{NOWHERE}/event/{said}", f"{room}/event/x"):
        (await anna.get(f"/rooms/{path}")).refused(404, "M_NOT_FOUND")


async def test_only_the_device_that_sent_it_learns_the_transaction_id(world: World) -> None:
    farid, anna = await world.people(FARID, ANNA)
    tablet = await world.device(farid.user, "TABLET")
    room = await found(farid, anna)
    sent = (await farid.put(f"/rooms/{room}/send/m.room.message/mine%2F1", {"body": "x"})).ok()["event_id"]
    redaction = (await farid.put(f"/rooms/{room}/redact/{sent}/gone", {})).ok()["event_id"]
    for event_id, txn in ((sent, "mine/1"), (redaction, "gone")):
        for person, expected in ((farid, txn), (tablet, None), (anna, None)):
            assert (await event(person, room, event_id))["unsigned"].get("transaction_id") == expected
            shown = next(one for one in await log(person, room) if one["event_id"] == event_id)
            assert shown["unsigned"].get("transaction_id") == expected


async def test_context(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris, name="then")
    said = [await say(anna if n % 2 else boris, room, str(n)) for n in range(9)]
    await put_state(anna, room, "m.room.name", {"name": "now"})

    async def context(**query: Any) -> dict[str, Any]:
        answer: dict[str, Any] = (await boris.get(f"/rooms/{room}/context/{said[4]}", **query)).ok()
        return answer

    answer = await context(limit=4)
    assert answer.keys() == {"start", "end", "event", "events_before", "events_after", "state"}
    assert answer["event"]["event_id"] == said[4]
    assert bodies(answer["events_before"]) == ["3", "2"]
    assert bodies(answer["events_after"]) == ["5", "6"]
    older = await page(boris, room, dir="b", limit=2, **{"from": answer["start"]})
    newer = await page(boris, room, dir="f", limit=2, **{"from": answer["end"]})
    assert (bodies(older["chunk"]), bodies(newer["chunk"])) == (["1", "0"], ["7", "8"])
    names = [one["content"]["name"] for one in answer["state"] if one["type"] == "m.room.name"]
    assert names == ["then"], "the state is that of the last event on the page"
    whole = await context(limit=1000)
    assert [one["content"]["name"] for one in whole["state"] if one["type"] == "m.room.name"] == ["now"]
    assert (await page(boris, room, dir="b", **{"from": whole["start"]}))["chunk"] == []
    assert (await page(boris, room, dir="f", **{"from": whole["end"]}))["chunk"] == []
    alone = await context(limit=0)
    assert (alone["events_before"], alone["events_after"], alone["event"]["event_id"]) == ([], [], said[4])
    assert bodies((await page(boris, room, dir="b", limit=1, **{"from": alone["start"]}))["chunk"]) == ["3"]
    assert bodies((await page(boris, room, dir="f", limit=1, **{"from": alone["end"]}))["chunk"]) == ["5"]
    default = await context()
    assert len(default["events_before"]) + len(default["events_after"]) == 10


async def test_context_is_filtered_but_for_the_event_itself(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris, name="Kitchen")
    for number in range(4):
        await say(boris, room, str(number))
    said = await say(anna, room, "asked for")
    await say(boris, room, "4")
    path = f"/rooms/{room}/context/{said}"
    answer = (await boris.get(path, filter=json.dumps({"not_senders": [anna.user]}))).ok()
    assert bodies([*answer["events_before"], answer["event"], *answer["events_after"]]) == [
        *"3210",
        "asked for",
        "4",
    ]
    assert {one["sender"] for one in answer["state"]} == {boris.user}
    lazy = (await boris.get(path, limit=0, filter=json.dumps({"lazy_load_members": True}))).ok()
    assert {one["state_key"] for one in lazy["state"] if one["type"] == "m.room.member"} == {anna.user}
    assert "m.room.name" in {one["type"] for one in lazy["state"]}
    (await boris.get(path, filter="{")).refused(400, "M_NOT_JSON")
    (await boris.get(path, limit="x")).refused(400, "M_INVALID_PARAM")
    (await boris.get(f"/rooms/{room}/context/$nothing")).refused(404, "M_NOT_FOUND")


async def test_the_event_nearest_to_a_time(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    said = []
    for number in range(3):
        world.clock.advance(seconds=100)
        said.append(await event(anna, room, await say(anna, room, str(number))))
    times = [one["origin_server_ts"] for one in said]
    for at, direction, expected in (
        (times[1], "f", 1),
        (times[1], "b", 1),
        (times[1] + 1, "f", 2),
        (times[1] + 1, "b", 1),
        (times[1] - 1, "f", 1),
        (times[1] - 1, "b", 0),
        (times[2] + 10**9, "b", 2),
    ):
        answer = (await boris.get(f"{V1}/{room}/timestamp_to_event", ts=at, dir=direction)).ok()
        assert answer == {
            "event_id": said[expected]["event_id"],
            "origin_server_ts": times[expected],
        }, (at, direction)
    for at, direction in ((times[2] + 1, "f"), (0, "b"), (-5, "b")):
        (await boris.get(f"{V1}/{room}/timestamp_to_event", ts=at, dir=direction)).refused(404, "M_NOT_FOUND")
    (await boris.get(f"{V1}/{room}/timestamp_to_event", dir="f")).refused(400, "M_MISSING_PARAM")
    (await boris.get(f"{V1}/{room}/timestamp_to_event", ts=1)).refused(400, "M_MISSING_PARAM")
    for wrong in ("x", str(2**64), "-" + "9" * 30):
        (await boris.get(f"{V1}/{room}/timestamp_to_event", ts=wrong, dir="f")).refused(400, "M_INVALID_PARAM")
    (await boris.get(f"{V1}/{NOWHERE}/timestamp_to_event", ts=1, dir="f")).refused(403, "M_FORBIDDEN")


async def test_redacted_events_stand_on_pages_without_their_content(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    said = await say(anna, room, "unwise")
    redaction = await redact(anna, room, said, "x")
    shown = {one["event_id"]: one for one in (await page(anna, room, dir="b"))["chunk"]}
    assert shown[said]["content"] == {}
    assert shown[said]["unsigned"]["redacted_because"]["event_id"] == redaction
    assert shown[redaction]["redacts"] == said
