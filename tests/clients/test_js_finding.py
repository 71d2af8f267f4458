"""Finding things with matrix-js-sdk: messages, spaces and their rooms, public rooms, people, and rooms from outside."""

import secrets

from tests.clients.js_client import JsClient
from tests.clients.stage import Stage, share_plain_room, until_member
from tests.clients.views import until


async def test_messages_are_found_in_ones_own_rooms(stage: Stage) -> None:
    anna, boris = await stage.js("anna"), await stage.js("boris")
    room = await share_plain_room(anna, boris)
    other = await boris.do("create_public_room", name="my own", readable=False)
    said = [await boris.send_text(room, text) for text in ("notre réunion", "nos réunions", "Встречи отменены")]
    elsewhere = await boris.send_text(other, "une réunion à moi")
    await until_found(anna, "réunion", set(said[:2]))
    await until_found(boris, "réunion", {*said[:2], elsewhere})
    found = await boris.do("search", term="встреча", rooms=[room])
    assert (found["count"], found["events"]) == (1, said[2:])
    many = [await anna.send_text(room, f"cloudberries {number}") for number in range(23)]
    await until_found(boris, "cloudberries", set(many))
    await boris.redact(room, said[0])
    await until_found(boris, "réunion", {said[1], elsewhere})


async def test_a_space_shows_its_rooms(stage: Stage) -> None:
    anna, boris = await stage.js("anna"), await stage.js("boris")
    name = f"house-{secrets.token_hex(4)}"
    house = await anna.do("create_space", name=name)
    floor = await anna.do("create_space", name="floor")
    rooms = [await anna.do("create_public_room", name=f"{name} {n}", readable=False) for n in range(4)]
    for space, child in ((house, floor), (house, rooms[0]), (floor, rooms[1]), (floor, rooms[2]), (floor, rooms[3])):
        await anna.do("add_child", space=space, room=child)
    await boris.join(house)
    await until_member(boris, house, boris.user_id, "join")
    found = await boris.do("hierarchy", space=house, page=2)
    assert set(found["rooms"]) == {house, floor, *rooms}
    assert len(found["rooms"]) == 6
    assert (set(found["children"][house]), set(found["children"][floor])) == ({floor, rooms[0]}, set(rooms[1:]))
    assert found["rooms"].index(floor) < min(found["rooms"].index(room) for room in rooms[1:])


async def test_public_rooms_and_people_are_found_and_rooms_looked_at_from_outside(stage: Stage) -> None:
    anna, boris = await stage.js("anna"), await stage.js("boris")
    name = f"hall-{secrets.token_hex(4)}"
    hall = await anna.do("create_public_room", name=name, readable=True)
    assert await boris.do("public_rooms", term=name) == [hall]
    assert await boris.do("summary", room=hall) == {"name": name, "members": 1, "membership": None}
    localpart = anna.user_id[1:].partition(":")[0]
    assert await boris.do("find_people", term=localpart) == [anna.user_id]
    await anna.send_text(hall, "before")
    assert await boris.do("peek", room=hall) == ["before"]
    await anna.send_text(hall, "while somebody looks on")
    both = ["before", "while somebody looks on"]
    await until(lambda: boris.do("peek", room=hall), lambda texts: texts == both, "the stream of events brings more")


async def test_an_upgraded_room_has_a_successor(stage: Stage) -> None:
    anna, boris = await stage.js("anna"), await stage.js("boris")
    room = await share_plain_room(anna, boris)
    new = await anna.do("upgrade", room=room, version="12")
    await until(
        lambda: boris.do("successor", room=room),
        lambda found: found["next"] == new,
        f"{boris.user_id} learns of {new}",
    )
    await until_member(anna, new, anna.user_id, "join")
    assert await anna.do("successor", room=new) == {"next": None, "last": room, "version": "12"}


async def until_found(person: JsClient, term: str, events: set[str]) -> None:
    """Wait until a search finds these messages and no others: the index follows the log."""
    expected = f"{person.user_id} finds {events} by {term}"
    await until(
        lambda: person.do("search", term=term, rooms=None), lambda found: set(found["events"]) == events, expected
    )
