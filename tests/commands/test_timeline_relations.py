"""Which relations count: threads, edits, reactions, references, and what undoing one of them means."""

import pytest

from tests.cast import ANNA, BORIS
from tests.commands.conversation import Conversation
from tests.stage.people import Person
from tests.stage.rooms import Event, event, found, redact, relate, rows_of, say, send
from tests.stage.world import World
from veche.domain.ids import RoomId


async def bundled(person: Person, room: RoomId, event_id: str) -> Event:
    """What is bundled of an event's relations."""
    relations: Event = (await event(person, room, event_id))["unsigned"].get("m.relations", {})
    return relations


async def related(person: Person, room: RoomId, event_id: str, more: str = "") -> list[str]:
    """The ids of what points at an event, newest first."""
    answer = await person.get(f"/_matrix/client/v1/rooms/{room}/relations/{event_id}{more}", limit=100)
    return [event["event_id"] for event in answer.ok()["chunk"]]


async def react(person: Person, room: RoomId, target: str, key: str, kind: str = "m.reaction") -> str:
    """React to an event."""
    return await send(
        person, room, kind, {"m.relates_to": {"rel_type": "m.annotation", "event_id": target, "key": key}}
    )


async def test_a_thread_cannot_begin_at_an_event_that_points_at_another(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    root = await say(anna, room)
    children = [
        await relate(anna, room, root, kind) for kind in ("m.thread", "m.replace", "m.reference", "org.example.x")
    ]
    before = await rows_of(world)
    for parent in children:
        body = {"body": "x", "m.relates_to": {"rel_type": "m.thread", "event_id": parent}}
        (await anna.put(f"/rooms/{room}/send/m.room.message/t", body)).refused(400, "M_UNKNOWN")
    assert await rows_of(world) == before
    reply = await send(anna, room, "m.room.message", {"m.relates_to": {"m.in_reply_to": {"event_id": root}}})
    await relate(anna, room, reply, "m.thread")
    assert (await bundled(anna, room, reply))["m.thread"]["count"] == 1, "a plain reply may become a root"


async def test_a_refused_request_that_was_carried_out_before_is_answered_as_before(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    root = await say(anna, room)
    body = {"m.relates_to": {"rel_type": "m.annotation", "event_id": root, "key": "x"}}
    path = f"/rooms/{room}/send/m.reaction/once"
    first = (await anna.put(path, body)).ok()
    assert (await anna.put(path, body)).ok() == first


async def test_a_reaction_counts_once(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    root = await say(anna, room)
    first = await react(boris, room, root, "👍")
    body = {"m.relates_to": {"rel_type": "m.annotation", "event_id": root, "key": "👍"}}
    before = await rows_of(world)
    error = (await boris.put(f"/rooms/{room}/send/m.reaction/again", body)).refused(400, "M_DUPLICATE_ANNOTATION")
    assert error["error"]
    assert await rows_of(world) == before
    others = [
        await react(anna, room, root, "👍"),
        await react(boris, room, root, "👎"),
        await react(boris, room, root, "👍", "org.example.vote"),
        await react(boris, room, await say(anna, room), "👍"),
    ]
    await redact(boris, room, first)
    again = await react(boris, room, root, "👍")
    assert await related(anna, room, root, "/m.annotation") == [again, *reversed(others[:3])]


async def test_what_points_at_nothing_in_the_room_is_no_relation(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room, other = await found(anna, boris), await found(boris)
    root = await say(anna, room, "root")
    elsewhere = {kind: await relate(boris, other, root, kind, "secret") for kind in ("m.thread", "m.reference")}
    await relate(boris, room, "$nothing", "m.thread", "stands alone")
    assert await bundled(anna, room, root) == {}
    assert await related(anna, room, root) == []
    for event_id in elsewhere.values():
        assert (await anna.get(f"/rooms/{room}/event/{event_id}")).status == 404
    told = await Conversation(world, room).unread(anna)
    assert (told.notify, told.threads) == (1, {}), "it stands in the main timeline"


@pytest.mark.parametrize("kind", ["m.room.message", "m.room.encrypted"])
async def test_edits(world: World, kind: str) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)

    async def edit(person: Person, target: str, text: str, sent_as: str = kind) -> str:
        new = {} if kind == "m.room.encrypted" else {"m.new_content": {"body": text}}
        relation = {"rel_type": "m.replace", "event_id": target}
        return await send(person, room, sent_as, {"body": f"* {text}", "m.relates_to": relation, **new})

    original = await send(anna, room, kind, {"body": "draft"})
    first, second = await edit(anna, original, "one"), await edit(anna, original, "two")
    await edit(boris, original, "by somebody else")
    await edit(anna, original, "of another type", "org.example.note")
    await edit(anna, second, "of an edit")
    if kind == "m.room.message":
        await send(anna, room, kind, {"body": "x", "m.relates_to": {"rel_type": "m.replace", "event_id": original}})
        await relate(anna, room, original, "m.replace", **{"m.new_content": "text"})
    newest = (await bundled(boris, room, original))["m.replace"]
    assert newest == {**await event(boris, room, second), "unsigned": newest["unsigned"]}
    assert newest["room_id"] == room
    assert await related(anna, room, original, "/m.replace") == [second, first]
    assert await bundled(anna, room, second) == {}
    assert (await event(anna, room, original))["content"] == {"body": "draft"}, "the original stays as it was"
    await redact(anna, room, second)
    assert (await bundled(boris, room, original))["m.replace"]["event_id"] == first
    await redact(anna, room, original)
    assert "m.replace" not in await bundled(boris, room, original)


async def test_a_state_event_is_not_edited(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna, name="Kitchen")
    state = (await anna.get(f"/rooms/{room}/state/m.room.name", format="event")).ok()
    edit = {"m.new_content": {"name": "x"}, "m.relates_to": {"rel_type": "m.replace", "event_id": state["event_id"]}}
    await send(anna, room, "m.room.name", edit)
    assert await related(anna, room, state["event_id"]) == []
    await react(anna, room, state["event_id"], "👍")
    assert len(await related(anna, room, state["event_id"])) == 1
    assert await bundled(anna, room, state["event_id"]) == {}


async def test_redactions_undo_relations_and_counts(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    root = await say(anna, room, "root")
    kept = await relate(boris, room, root, "m.thread", "kept")
    gone = await relate(boris, room, root, "m.thread", "anna, come")
    assert (await bundled(anna, room, root))["m.thread"]["count"] == 2
    talk = Conversation(world, room)
    assert (await talk.unread(anna)).threads[root][1] == 1
    await redact(boris, room, gone)
    thread = (await bundled(anna, room, root))["m.thread"]
    assert (thread["count"], thread["latest_event"]["event_id"]) == (1, kept)
    assert (await talk.unread(anna)).threads[root][1] == 0, "nobody is called any more"
    await redact(boris, room, gone)
    reference = await relate(boris, room, root, "m.reference")
    await redact(anna, room, root)
    found_ = await bundled(anna, room, root)
    assert found_["m.thread"]["count"] == 1, "who spoke below a redacted message is still there"
    assert found_["m.reference"] == {"chunk": [{"event_id": reference}]}
