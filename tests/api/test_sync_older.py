"""What clients from before ``/sync`` call: everything at once, one room, the stream of events, one event."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA, DMITRI
from tests.stage.people import Person
from tests.stage.rooms import Event, found, put_state, redact, say
from tests.stage.waiting import until
from tests.stage.world import World
from veche.domain.ids import RoomId
from veche.queries.sync import initial, loop


def bodies(events: list[Event]) -> list[str]:
    """The texts of the messages among these events."""
    return [event["content"].get("body", "") for event in events if event["type"] == "m.room.message"]


def are_whole(events: list[Event], room: str | None = None) -> bool:
    """Say whether these are whole events, all of one room where it is given."""
    names = {"content", "event_id", "origin_server_ts", "room_id", "sender", "type"}
    return all(names <= event.keys() and room in (None, event["room_id"]) for event in events)


async def since(person: Person, token: str, **query: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (await person.get("/events", **{"from": token}, **query)).ok()
    return answer


async def position(world: World) -> str:
    return str(await world.queries.reader.run(lambda at: at.position))


async def world_readable(founder: Person, **wish: Any) -> RoomId:
    setting = {"type": "m.room.history_visibility", "content": {"history_visibility": "world_readable"}}
    return await found(founder, initial_state=[setting], **wish)


async def test_everything_in_the_older_shape(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(boris, anna, name="Tea")
    for number in range(4):
        await say(boris, room, f"message {number}")
    other = await found(boris, visibility="public")
    (await boris.post(f"/rooms/{other}/invite", {"user_id": anna.user})).ok()
    (await anna.put(f"/user/{anna.user}/account_data/org.veche.note", {"text": "mine"})).ok()
    (await anna.put(f"/user/{anna.user}/rooms/{room}/tags/u.tea", {})).ok()
    answer = (await anna.get("/initialSync", limit=2)).ok()
    assert answer.keys() == {"end", "presence", "rooms", "account_data"}
    assert {"type": "org.veche.note", "content": {"text": "mine"}} in answer["account_data"]
    told = {one["room_id"]: one for one in answer["rooms"]}
    assert told.keys() == {room, other}
    joined = told[room]
    assert (joined["membership"], joined["visibility"]) == ("join", "private")
    assert bodies(joined["messages"]["chunk"]) == ["message 2", "message 3"]
    assert are_whole(joined["messages"]["chunk"] + joined["state"], room)
    assert {"m.room.create", "m.room.member", "m.room.name"} <= {event["type"] for event in joined["state"]}
    assert [event["type"] for event in joined["account_data"]] == ["m.tag"]
    invited = told[other]
    assert (invited["membership"], invited["visibility"]) == ("invite", "public")
    assert are_whole([invited["invite"]], other)
    assert (invited["invite"]["state_key"], invited["invite"]["sender"]) == (anna.user, boris.user)
    older = (await anna.get(f"/rooms/{room}/messages", dir="b", **{"from": joined["messages"]["start"]})).ok()
    assert bodies(older["chunk"]) == ["message 1", "message 0"]


async def test_what_happens_meanwhile_is_told_after_its_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    left, entered = await found(boris, anna), await found(boris, invite=[anna.user])

    async def slow(*question: Any) -> bytes:
        text = await loop.answer(*question)
        (await anna.post(f"/rooms/{left}/leave")).ok()
        (await anna.post(f"/join/{entered}")).ok()
        return text

    monkeypatch.setattr(initial, "answer", slow)
    first = (await anna.get("/initialSync")).ok()
    assert {one["room_id"]: one["membership"] for one in first["rooms"]} == {left: "join", entered: "invite"}
    told = (await anna.get("/sync", since=first["end"], timeout=0)).ok()["rooms"]
    assert (set(told["leave"]), set(told["join"])) == ({left}, {entered})


async def test_its_end_is_where_events_and_sync_go_on(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(boris, anna)
    (await boris.put("/sendToDevice/org.veche.key/1", {"messages": {anna.user: {"*": {"number": 1}}}})).ok()
    first = (await anna.get("/initialSync")).ok()
    end = first["end"]
    assert [one["messages"]["end"] for one in first["rooms"]] == [end]
    assert (await since(anna, end))["chunk"] == []
    await say(boris, room, "new")
    stream = await since(anna, end)
    assert bodies(stream["chunk"]) == ["new"]
    assert (await since(anna, stream["end"]))["chunk"] == []
    for token in (end, stream["start"]):
        synced = (await anna.get("/sync", since=token)).ok()
        assert bodies(synced["rooms"]["join"][room]["timeline"]["events"]) == ["new"]
        assert [event["content"] for event in synced["to_device"]["events"]] == [{"number": 1}]
    assert "rooms" not in (await anna.get("/sync", since=stream["end"])).ok()


async def test_rooms_that_were_left_are_told_where_asked_for(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(boris, anna)
    await say(boris, room, "before")
    (await boris.post(f"/rooms/{room}/ban", {"user_id": anna.user})).ok()
    await say(boris, room, "after")
    assert (await anna.get("/initialSync")).ok()["rooms"] == []
    [told] = (await anna.get("/initialSync", archived="true")).ok()["rooms"]
    assert (told["room_id"], told["membership"]) == (room, "ban")
    assert bodies(told["messages"]["chunk"]) == ["before"]


async def test_one_room_for_members_and_those_who_were(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(boris, anna, name="Tea")
    for number in range(3):
        await say(boris, room, f"message {number}")
    (await anna.put(f"/user/{anna.user}/rooms/{room}/tags/u.tea", {})).ok()
    told = (await anna.get(f"/rooms/{room}/initialSync", limit=2)).ok()
    assert (told["membership"], told["visibility"], told["room_id"]) == ("join", "private", room)
    assert bodies(told["messages"]["chunk"]) == ["message 1", "message 2"]
    assert [event["type"] for event in told["account_data"]] == ["m.tag"]
    assert are_whole(told["messages"]["chunk"] + told["state"], room)
    older = (await anna.get(f"/rooms/{room}/messages", dir="b", **{"from": told["messages"]["start"]})).ok()
    assert bodies(older["chunk"]) == ["message 0"]
    (await anna.post(f"/rooms/{room}/leave")).ok()
    await put_state(boris, room, "m.room.name", {"name": "Coffee"})
    left = (await anna.get(f"/rooms/{room}/initialSync")).ok()
    assert left["membership"] == "leave"
    assert [event["content"]["name"] for event in left["state"] if event["type"] == "m.room.name"] == ["Tea"]
    (await carla.get(f"/rooms/{room}/initialSync")).refused(403, "M_FORBIDDEN")


async def test_peeking_without_joining(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await world_readable(boris)
    await say(boris, room, "before")
    told = (await anna.get(f"/rooms/{room}/initialSync")).ok()
    assert "membership" not in told
    assert bodies(told["messages"]["chunk"]) == ["before"]
    poll = anna.begin("GET", "/events", room_id=room, timeout=30_000, **{"from": told["messages"]["end"]})
    assert poll.is_waiting
    await say(boris, room, "now")
    found_ = (await poll.answer()).ok()
    assert bodies(found_["chunk"]) == ["now"]
    assert are_whole(found_["chunk"], room)
    assert (await since(anna, found_["end"], room_id=room))["chunk"] == []
    assert (await since(anna, told["messages"]["end"]))["chunk"] == [], "what was not joined is no news of one's own"


async def test_peeking_ends_where_reading_does(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await world_readable(boris)
    poll = anna.begin("GET", "/events", room_id=room, timeout=30_000, **{"from": await position(world)})
    await put_state(boris, room, "m.room.history_visibility", {"history_visibility": "joined"})
    closed = (await poll.answer()).ok()
    assert [event["type"] for event in closed["chunk"]] == ["m.room.history_visibility"]
    await say(boris, room, "in private")
    assert (await since(anna, closed["end"], room_id=room))["chunk"] == []
    private = await found(boris)
    (await anna.get("/events", room_id=private)).refused(403, "M_FORBIDDEN")
    (await anna.get("/events", room_id="!nowhere:veche.test")).refused(403, "M_FORBIDDEN")


async def test_the_stream_waits_for_what_concerns_one(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room, foreign = await found(boris, anna), await found(carla)
    poll = anna.begin("GET", "/events", timeout=30_000)
    assert poll.is_waiting
    await say(carla, foreign, "elsewhere")
    assert poll.is_waiting
    await say(boris, room, "here")
    assert bodies((await poll.answer()).ok()["chunk"]) == ["here"]


async def test_invitations_and_leavings_are_in_the_stream(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    begun = await position(world)
    room = await found(boris)
    await say(boris, room, "unseen")
    (await boris.post(f"/rooms/{room}/invite", {"user_id": anna.user})).ok()
    invited = await since(anna, begun)
    assert [event["content"]["membership"] for event in invited["chunk"]] == ["invite"]
    (await anna.post(f"/rooms/{room}/join")).ok()
    (await boris.post(f"/rooms/{room}/kick", {"user_id": anna.user})).ok()
    await say(boris, room, "unseen")
    gone = await since(anna, invited["end"])
    assert [event["content"].get("membership") for event in gone["chunk"]] == ["join", "leave"]


async def test_ignored_people_are_not_heard_in_the_stream(world: World) -> None:
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    room = await found(anna, boris, carla)
    ignored: dict[str, Any] = {"ignored_users": {carla.user: {}, dmitri.user: {}}}
    (await anna.put(f"/user/{anna.user}/account_data/m.ignored_user_list", ignored)).ok()
    begun = await position(world)
    await say(carla, room, "noise")
    await say(boris, room, "sense")
    (await dmitri.post(f"/rooms/{await found(dmitri)}/invite", {"user_id": anna.user})).ok()
    chunk = (await since(anna, begun))["chunk"]
    assert (bodies(chunk), [event["type"] for event in chunk]) == (["sense"], ["m.room.message"])


async def test_a_long_stream_comes_in_order_without_gaps(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("veche.queries.sync.news.MOST_AT_ONCE", 3)
    anna, boris = await world.people(ANNA, BORIS)
    rooms = [await found(boris, anna) for _ in range(3)]
    token = begun = await position(world)
    said = [await say(boris, rooms[number % 2], f"message {number}") for number in range(8)]
    said += [await say(boris, rooms[2], f"message {number}") for number in range(8, 12)]
    told: list[Event] = []
    while chunk := (answer := await since(anna, token))["chunk"]:
        assert len(chunk) <= 3
        told, token = told + chunk, answer["end"]
    assert [event["event_id"] for event in told] == said
    assert (await since(anna, begun))["start"] == begun


async def test_one_event_of_any_room(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(anna, boris)
    said = await say(anna, room, "here")
    for person in (anna, boris):
        event = (await person.get(f"/events/{said}")).ok()
        assert (event["room_id"], event["content"]["body"]) == (room, "here")
    (await carla.get(f"/events/{said}")).refused(404, "M_NOT_FOUND")
    (await anna.get("/events/$nothing")).refused(404, "M_NOT_FOUND")
    await redact(anna, room, said)
    assert (await boris.get(f"/events/{said}")).ok()["content"] == {}


@pytest.mark.parametrize("token", ["x", "s", "-1", "1_0", "9" * 30])
async def test_what_is_no_token(world: World, token: str) -> None:
    anna = await world.person(ANNA)
    (await anna.get("/events", **{"from": token})).refused(400, "M_INVALID_PARAM")


async def test_a_token_newer_than_the_log_begins_at_its_end(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    answer = await since(anna, str(2**40))
    assert (answer["chunk"], answer["end"]) == ([], await position(world))
    await say(anna, room, "new")
    assert bodies((await since(anna, answer["end"]))["chunk"]) == ["new"]


async def test_a_session_that_ends_while_it_waits_is_refused(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    tablet = await world.device(anna.user, "TABLET")
    polls = [tablet.begin("GET", "/events", timeout=30_000)]
    room = await world_readable(boris)
    polls.append(tablet.begin("GET", "/events", room_id=room, timeout=30_000))
    assert all(poll.is_waiting for poll in polls)
    proof = {"type": "m.login.password", "password": "anna's own password"}
    (await anna.delete("/devices/TABLET", {"auth": proof})).ok()
    for poll in polls:
        (await poll.answer()).refused(401, "M_UNKNOWN_TOKEN")


async def test_nobody_listens_any_more_when_the_poll_has_ended(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await world_readable(boris)
    notifier = world.queries.live.notifier
    poll = anna.begin("GET", "/events", room_id=room, timeout=30_000)
    await until(lambda: notifier.listeners == 1)
    await poll.hang_up()
    assert notifier.listeners == 0
