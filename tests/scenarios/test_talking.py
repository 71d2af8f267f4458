"""Two people talk: what the one writes the other receives, and nobody else does."""

import pytest

from tests.stage.world import World


@pytest.mark.parametrize("direct", [True, False])
async def test_boris_receives_what_anna_writes(world: World, direct: bool) -> None:
    anna, boris, carla = await world.people("anna", "boris", "carla")
    made = await anna.post("/createRoom", {"invite": [boris.user], "is_direct": direct, "name": "Lunch"})
    room = made.json["room_id"]
    first = await boris.get("/sync")
    assert room in first.json["rooms"]["invite"]
    await boris.post(f"/join/{room}")
    joined = await boris.get("/sync", since=first.json["next_batch"])
    assert room in joined.json["rooms"]["join"]

    poll = boris.begin("GET", "/sync", since=joined.json["next_batch"], timeout=30_000)
    outsider = await carla.get("/sync")
    sent = await anna.put(f"/rooms/{room}/send/m.room.message/1", {"msgtype": "m.text", "body": "Шпроты?"})
    answer = await poll.answer()
    told = answer.json["rooms"]["join"][room]
    assert [event["event_id"] for event in told["timeline"]["events"]] == [sent.json["event_id"]]
    assert told["timeline"]["events"][0]["content"]["body"] == "Шпроты?"
    assert told["unread_notifications"] == {"highlight_count": 0, "notification_count": 1}

    assert "rooms" not in outsider.json
    assert (await carla.get(f"/rooms/{room}/messages", dir="b")).status == 403
    assert "Шпроты" not in (await carla.get("/sync", since=outsider.json["next_batch"])).bytes.decode()


async def test_a_repeated_transaction_gives_the_same_event(world: World) -> None:
    (anna,) = await world.people("anna")
    room = (await anna.post("/createRoom", {})).json["room_id"]
    path = f"/rooms/{room}/send/m.room.message/once"
    first = await anna.put(path, {"msgtype": "m.text", "body": "one"})
    await world.restart()
    second = await anna.put(path, {"msgtype": "m.text", "body": "one"})
    assert first.json == second.json
    page = await anna.get(f"/rooms/{room}/messages", dir="b")
    assert [event["content"].get("body") for event in page.json["chunk"]].count("one") == 1
