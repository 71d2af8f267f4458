"""State that the server makes itself, in every way that rooms come into being, is what the event schemas say."""

from collections.abc import Iterable
from typing import Any

import pytest

from tests.cast import ANNA, BORIS
from tests.conformance.events import faults_in, faults_of
from tests.stage.people import Person
from tests.stage.rooms import found, put_state, redact, say
from tests.stage.world import World

pytestmark = pytest.mark.usefixtures("specification")
VERSIONS = ("10", "11", "12")
WISHES: dict[str, dict[str, Any]] = {
    "nothing said": {},
    "private": {"preset": "private_chat"},
    "trusted": {"preset": "trusted_private_chat", "is_direct": True},
    "public": {"preset": "public_chat", "visibility": "public", "room_alias_name": "square"},
    "named": {"name": "The square", "topic": "Whatever happens"},
    "space": {"creation_content": {"type": "m.space", "m.federate": False}},
    "encrypted": {
        "initial_state": [{"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}],
        "power_level_content_override": {"events_default": 10},
    },
}


async def state(person: Person, room: str) -> list[dict[str, Any]]:
    """All present state of a room."""
    return list((await person.get(f"/rooms/{room}/state")).ok())


def types(events: Iterable[dict[str, Any]]) -> set[str]:
    """The types of events."""
    return {event["type"] for event in events}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("wish", WISHES)
async def test_the_state_of_a_new_room(world: World, wish: str, version: str) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, room_version=version, invite=[boris.user], **WISHES[wish])
    made = await state(anna, room)
    assert {"m.room.create", "m.room.power_levels", "m.room.join_rules", "m.room.guest_access"} <= types(made)
    assert faults_in(made) == []
    invited = (await boris.get("/sync")).ok()["rooms"]["invite"][room]["invite_state"]["events"]
    assert {"m.room.create", "m.room.member"} <= types(invited)
    assert faults_in(invited) == []


@pytest.mark.parametrize("newer", VERSIONS)
@pytest.mark.parametrize("older", VERSIONS)
async def test_the_state_of_a_room_and_its_successor(world: World, older: str, newer: str) -> None:
    anna = await world.person(ANNA)
    room = await found(anna, room_version=older, preset="public_chat", room_alias_name="square", name="The square")
    upgraded = (await anna.post(f"/rooms/{room}/upgrade", {"new_version": newer})).ok()["replacement_room"]
    before, after = await state(anna, room), await state(anna, upgraded)
    assert "m.room.tombstone" in types(before)
    assert faults_in([before, after]) == []
    created = next(event for event in after if event["type"] == "m.room.create")
    assert created["content"]["predecessor"]["room_id"] == room


async def test_what_goes_along_into_a_successor(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, preset="public_chat", invite=[boris.user])
    await put_state(anna, room, "m.room.server_acl", {"allow": ["*"], "deny": ["elsewhere.test"]})
    (await anna.put(f"/user/{anna.user}/rooms/{room}/tags/m.favourite", {"order": 0.5})).ok()
    (await anna.put(f"/user/{anna.user}/account_data/m.direct", {boris.user: [room]})).ok()
    upgraded = (await anna.post(f"/rooms/{room}/upgrade", {"new_version": "12"})).ok()["replacement_room"]
    made = await state(anna, upgraded)
    assert "m.room.server_acl" in types(made)
    assert faults_in(made) == []
    synced = (await anna.get("/sync")).ok()
    everywhere, there = synced["account_data"]["events"], synced["rooms"]["join"][upgraded]["account_data"]["events"]
    carried = [event for event in [*everywhere, *there] if event["type"] in ("m.direct", "m.tag")]
    assert upgraded in next(event for event in carried if event["type"] == "m.direct")["content"][boris.user]
    assert types(carried) == {"m.direct", "m.tag"}
    assert [fault for event in carried for fault in faults_of(event)] == []


@pytest.mark.settings(default_rooms="general, news")
async def test_the_rooms_that_newcomers_find(world: World) -> None:
    body = {"username": "vera", "password": "correct horse battery staple"}
    asked = await world.call("POST", "/_matrix/client/v3/register", body)
    proof = {"type": "m.login.dummy", "session": asked.refused(401, None)["session"]}
    made = (await world.call("POST", "/_matrix/client/v3/register", {**body, "auth": proof})).ok()
    synced = await world.call("GET", "/_matrix/client/v3/sync", token=made["access_token"])
    assert faults_in(synced.ok()) == []


def test_what_is_not_right_is_found() -> None:
    event = {"type": "m.room.member", "sender": "@a:b", "state_key": "@a:b", "content": {"membership": "gone"}}
    assert [fault.partition(" ")[0] for fault in faults_in({"events": [event]})] == ["m.room.member"]
    assert faults_in({"events": [{**event, "content": {"membership": "join"}}]}) == []
    acl = {"type": "m.room.server_acl", "sender": "@a:b", "state_key": "", "event_id": "$x", "content": {"allow": "*"}}
    assert len(faults_in([acl])) == 1
    assert faults_in([acl], theirs={"$x"}) == []
    note = {**acl, "type": "org.veche.note"}
    assert faults_in([note]) == []
    typing = {"type": "m.typing", "content": {"user_ids": "@a:b"}}
    assert len(faults_in([{"ephemeral": {"events": [typing]}}])) == 1
    receipt = {"type": "m.receipt", "content": {"$e": {"m.read": {"@a:b": {"ts": "now"}}}}}
    assert len(faults_in(receipt)) == 1


async def test_a_redacted_piece_of_state_is_passed_over(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna, name="The square")
    named = next(event for event in await state(anna, room) if event["type"] == "m.room.name")
    await redact(anna, room, named["event_id"])
    await say(anna, room)
    assert faults_in(await state(anna, room)) == []
