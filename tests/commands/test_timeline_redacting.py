"""Redacting: who may, what is left of an event, what is said of it, by both ways of asking."""

import pytest

from tests.cast import ANNA, BORIS, CARLA, ELENA
from tests.stage.rooms import come, event, found, log, put_state, redact, rows_of, say
from tests.stage.world import World

VERSIONS = ("10", "11", "12")


@pytest.mark.parametrize("version", VERSIONS)
async def test_what_is_left(world: World, version: str) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris, room_version=version)
    said = await say(boris, room, "unwise")
    before = await event(anna, room, said)
    redaction = await redact(boris, room, said, "Second thoughts")
    left = await event(anna, room, said)
    because = left["unsigned"].pop("redacted_because")
    assert left == {**before, "content": {}, "unsigned": left["unsigned"]}
    assert because["event_id"] == redaction
    assert because["redacts"] == said
    assert because["sender"] == boris.user
    assert because["type"] == "m.room.redaction"
    assert because["content"] == {"reason": "Second thoughts", "redacts": said}
    shown = await event(anna, room, redaction)
    assert (shown["redacts"], shown["content"]) == (said, because["content"])
    await world.restart()
    assert "unwise" not in (await anna.get("/sync")).bytes.decode()
    assert "unwise" not in str(await log(anna, room))


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_redaction_may_be_sent_like_any_event(world: World, version: str) -> None:
    anna = await world.person(ANNA)
    room = await found(anna, room_version=version)
    said = await say(anna, room, "unwise")
    path = f"/rooms/{room}/send/m.room.redaction/1"
    content = {"redacts": said, "reason": "Second thoughts", "org.example.x": 1}
    sent = (await anna.put(path, content)).ok()
    assert (await event(anna, room, said))["content"] == {}
    shown = await event(anna, room, sent["event_id"])
    assert shown["content"] == {"reason": "Second thoughts", "org.example.x": 1, "redacts": said}
    assert shown["redacts"] == said
    before = await rows_of(world)
    assert (await anna.put(path, content)).ok() == sent
    for wrong in ({}, {"redacts": 7}, {"redacts": "$a\x00"}):
        (await anna.put(f"/rooms/{room}/send/m.room.redaction/2", wrong)).refused(400, "M_MISSING_PARAM")
    nothing = {"redacts": "$nothing"}
    (await anna.put(f"/rooms/{room}/send/m.room.redaction/2", nothing)).refused(404, "M_NOT_FOUND")
    assert await rows_of(world) == before


async def test_who_may(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room, other = await found(anna, boris, invite=[carla.user]), await found(anna)
    mine, hers = await say(boris, room, "mine"), await say(anna, room, "hers")
    before = await rows_of(world)
    path = f"/rooms/{room}/redact/{hers}/1"
    assert "redact" in (await boris.put(path, {})).refused(403, "M_FORBIDDEN")["error"]
    (await carla.put(path, {})).refused(403, "M_FORBIDDEN")
    (await anna.put(f"/rooms/{other}/redact/{hers}/1", {})).refused(404, "M_NOT_FOUND")
    (await anna.put(f"/rooms/{room}/redact/$nothing/1", {})).refused(404, "M_NOT_FOUND")
    (await carla.put(f"/rooms/!nowhere:veche.test/redact/{hers}/1", {})).refused(403, "M_FORBIDDEN")
    create = (await log(anna, room))[0]["event_id"]
    (await anna.put(f"/rooms/{room}/redact/{create}/1", {})).refused(403, "M_FORBIDDEN")
    assert await rows_of(world) == before
    await redact(anna, room, mine)
    (await boris.post(f"/rooms/{room}/leave")).ok()
    (await boris.put(f"/rooms/{room}/redact/{mine}/2", {})).refused(403, "M_FORBIDDEN")


async def test_redacting_needs_the_power_to_send_redactions(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris, power_level_content_override={"events": {"m.room.redaction": 10}})
    said = await say(boris, room)
    (await boris.put(f"/rooms/{room}/redact/{said}/1", {})).refused(403, "M_FORBIDDEN")


async def test_an_administrator_of_the_server_redacts_where_they_are(world: World) -> None:
    anna = await world.person(ANNA)
    elena = await world.person(ELENA, role="administrator")
    room = await found(anna)
    said = await say(anna, room, "unwise")
    (await elena.put(f"/rooms/{room}/redact/{said}/1", {})).refused(403, "M_FORBIDDEN")
    await come(anna, elena, room)
    await redact(elena, room, said)
    assert (await event(anna, room, said))["content"] == {}


async def test_a_repeated_redaction_is_one(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    said = await say(boris, room)
    path = f"/rooms/{room}/redact/{said}/1"
    first = (await boris.put(path, {"reason": "x"})).ok()
    await world.restart()
    (await anna.post(f"/rooms/{room}/kick", {"user_id": boris.user})).ok()
    before = await rows_of(world)
    assert (await boris.put(path, {})).ok() == first
    assert await rows_of(world) == before


async def test_a_second_redaction_changes_nothing_of_the_first(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    said = await say(boris, room)
    first = await redact(boris, room, said, "first")
    second = await redact(anna, room, said, "second")
    assert first != second
    assert (await event(anna, room, said))["unsigned"]["redacted_because"]["event_id"] == first


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_redaction_of_a_redaction(world: World, version: str) -> None:
    anna = await world.person(ANNA)
    room = await found(anna, room_version=version)
    said = await say(anna, room, "unwise")
    redaction = await redact(anna, room, said, "even less wise")
    await redact(anna, room, redaction)
    shown = await event(anna, room, redaction)
    kept = {} if version == "10" else {"redacts": said}
    assert shown["content"] == kept
    assert ("redacts" in shown) == (version != "10")
    left = await event(anna, room, said)
    assert left["content"] == {}
    assert "even less wise" not in str(left)


async def test_redacted_state_stays_in_force_as_far_as_it_is_kept(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris, name="Kitchen", topic="What there is")
    levels = (await anna.get(f"/rooms/{room}/state/m.room.power_levels")).ok()
    await put_state(anna, room, "m.room.power_levels", {**levels, "users": {anna.user: 100, boris.user: 50}})
    for kind in ("m.room.name", "m.room.power_levels", "m.room.join_rules"):
        state = (await anna.get(f"/rooms/{room}/state/{kind}", format="event")).ok()
        await redact(anna, room, state["event_id"])
    assert (await anna.get(f"/rooms/{room}/state/m.room.name")).ok() == {}
    assert (await anna.get(f"/rooms/{room}/state/m.room.join_rules")).ok() == {"join_rule": "invite"}
    await put_state(boris, room, "m.room.topic", {"topic": "Boris still may"})
    (await boris.put(f"/rooms/{room}/state/m.room.power_levels", levels)).refused(403, "M_FORBIDDEN")
