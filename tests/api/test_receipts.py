"""Receipts at the door: who sees them in sync, what each request may say."""

import json
from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA, DMITRI
from tests.commands.conversation import Conversation, conversation
from tests.stage.world import Person, World


async def receipts_of(person: Person, talk: Conversation, since: str | None = None) -> list[dict[str, Any]]:
    """The contents of the m.receipt events that somebody gets."""
    rooms = (await person.get("/sync", since=since)).ok().get("rooms", {}).get("join", {})
    events = rooms.get(talk.room, {}).get("ephemeral", {}).get("events", [])
    return [event["content"] for event in events if event["type"] == "m.receipt"]


async def token(person: Person) -> str:
    """A sync token of now."""
    return str((await person.get("/sync")).ok()["next_batch"])


async def test_members_see_who_has_read_what_and_others_do_not(world: World) -> None:
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    talk = await conversation(world, anna, boris, carla)
    event = await talk.say(anna)
    since = {person.user: await token(person) for person in (anna, boris, carla, dmitri)}
    (await boris.post(f"/rooms/{talk.room}/receipt/m.read/{event}", {"thread_id": "main"})).ok()
    for person in (anna, boris, carla):
        [content] = await receipts_of(person, talk, since[person.user])
        assert content == {
            event: {"m.read": {boris.user: {"ts": content[event]["m.read"][boris.user]["ts"], "thread_id": "main"}}}
        }
        assert await receipts_of(person, talk) == [content]
    assert await receipts_of(dmitri, talk, since[dmitri.user]) == []


async def test_a_private_receipt_is_its_owners_secret(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    talk = await conversation(world, anna, boris, carla)
    event = await talk.say(anna)
    since = {person.user: await token(person) for person in (anna, boris, carla)}
    (await boris.post(f"/rooms/{talk.room}/receipt/m.read.private/{event}")).ok()
    [content] = await receipts_of(boris, talk, since[boris.user])
    assert list(content[event]["m.read.private"]) == [boris.user]
    for person in (anna, carla):
        assert await receipts_of(person, talk, since[person.user]) == []
        assert await receipts_of(person, talk) == []


async def test_the_reading_of_ignored_people_is_hidden(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    event = await talk.say(anna)
    ignoring: dict[str, Any] = {"ignored_users": {boris.user: {}}}
    (await anna.put(f"/user/{anna.user}/account_data/m.ignored_user_list", ignoring)).ok()
    (await boris.post(f"/rooms/{talk.room}/receipt/m.read/{event}")).ok()
    assert await receipts_of(anna, talk) == []
    assert len(await receipts_of(boris, talk)) == 1


async def test_a_filter_keeps_receipts_away(world: World) -> None:
    anna = await world.person(ANNA)
    talk = await conversation(world, anna)
    (await anna.post(f"/rooms/{talk.room}/receipt/m.read/{await talk.say(anna)}")).ok()
    for shape in ({"not_types": ["m.receipt"]}, {"not_rooms": [talk.room]}):
        found = (await anna.get("/sync", filter=json.dumps({"room": {"ephemeral": shape}}))).ok()
        assert "ephemeral" not in found["rooms"]["join"][talk.room]


async def test_read_markers_move_together(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    event = await talk.say(anna, "boris!")
    body = {"m.fully_read": event, "m.read": event, "m.read.private": event}
    (await boris.post(f"/rooms/{talk.room}/read_markers", body)).ok()
    room = (await boris.get("/sync")).ok()["rooms"]["join"][talk.room]
    assert {"type": "m.fully_read", "content": {"event_id": event}} in room["account_data"]["events"]
    assert room["unread_notifications"] == {"notification_count": 0, "highlight_count": 0}
    [content] = await receipts_of(boris, talk)
    assert set(content[event]) == {"m.read", "m.read.private"}
    path = f"/user/{boris.user}/rooms/{talk.room}/account_data/m.fully_read"
    assert (await boris.get(path)).ok() == {"event_id": event}


@pytest.mark.parametrize(
    ("kind", "body", "status", "code"),
    [
        ("m.read", {"thread_id": ""}, 400, "M_INVALID_PARAM"),
        ("m.read", {"thread_id": 7}, 400, "M_INVALID_PARAM"),
        ("m.read", {"thread_id": None}, 400, "M_INVALID_PARAM"),
        ("m.read", {"thread_id": "$unrelated"}, 400, "M_INVALID_PARAM"),
        ("m.fully_read", {"thread_id": "main"}, 400, "M_INVALID_PARAM"),
        ("m.seen", {}, 400, "M_INVALID_PARAM"),
        ("m.read", [], 400, "M_BAD_JSON"),
        ("m.read", b"{", 400, "M_NOT_JSON"),
    ],
)
async def test_malformed_receipts_are_refused(world: World, kind: str, body: object, status: int, code: str) -> None:
    anna = await world.person(ANNA)
    talk = await conversation(world, anna)
    path = f"/rooms/{talk.room}/receipt/{kind}/{await talk.say(anna)}"
    (await anna.call("POST", path, body)).refused(status, code)
    assert await receipts_of(anna, talk) == []


async def test_receipts_need_a_member_and_an_event_of_the_room(world: World) -> None:
    anna, dmitri = await world.people(ANNA, DMITRI)
    talk, other = await conversation(world, anna), await conversation(world, anna)
    event = await talk.say(anna)
    (await anna.call("POST", f"/rooms/{talk.room}/receipt/m.read/{event}")).ok()
    (await anna.post(f"/rooms/{other.room}/receipt/m.read/{event}")).refused(404, "M_NOT_FOUND")
    (await dmitri.post(f"/rooms/{talk.room}/receipt/m.read/{event}")).refused(403, "M_FORBIDDEN")
    (await dmitri.post(f"/rooms/{talk.room}/read_markers", {"m.read": event})).refused(403, "M_FORBIDDEN")
    (await anna.post(f"/rooms/{talk.room}/read_markers", {"m.read": 7})).refused(400, "M_BAD_JSON")


async def test_counts_are_told_by_thread_to_those_who_ask(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    root = await talk.say(anna, "boris?")
    await talk.say(anna, "one", thread=root)
    await talk.say(anna, "two", thread=root)
    plain = (await boris.get("/sync")).ok()["rooms"]["join"][talk.room]
    assert plain["unread_notifications"] == {"notification_count": 3, "highlight_count": 1}
    assert "unread_thread_notifications" not in plain
    asking = '{"room":{"timeline":{"unread_thread_notifications":true}}}'
    apart = (await boris.get("/sync", filter=asking)).ok()["rooms"]["join"][talk.room]
    assert apart["unread_notifications"] == {"notification_count": 1, "highlight_count": 1}
    assert apart["unread_thread_notifications"] == {root: {"notification_count": 2, "highlight_count": 0}}


async def test_reading_wakes_ones_other_device_with_new_counts(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    phone = await world.device(boris.user, "PHONE")
    talk = await conversation(world, anna, boris)
    event = await talk.say(anna)
    poll = phone.begin("GET", "/sync", since=await token(phone), timeout=30_000)
    (await boris.post(f"/rooms/{talk.room}/receipt/m.read.private/{event}")).ok()
    room = (await poll.answer()).ok()["rooms"]["join"][talk.room]
    assert room["unread_notifications"] == {"notification_count": 0, "highlight_count": 0}
