"""Ignored people: nothing they write reaches whoever ignores them, wherever it is read; their state does."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA
from tests.stage.people import Person
from tests.stage.rooms import Event, bodies, found, ignore, log, put_state, relate, say, send
from tests.stage.world import World
from veche.domain.ids import Position, RoomId
from veche.queries.notifications.pushes import unread_notices

PERMISSION = "m.invite_permission_config"


async def permit(person: Person, **content: Any) -> None:
    """Say who may invite somebody."""
    (await person.put(f"/user/{person.user}/account_data/{PERMISSION}", content)).ok()


async def news(person: Person, since: str | None = None) -> dict[str, Any]:
    """What a sync brings."""
    return dict((await person.get("/sync", since=since, timeout=0)).ok())


def told(answer: dict[str, Any], room: RoomId) -> list[Event]:
    """The timeline of a room in a sync."""
    return list(answer.get("rooms", {}).get("join", {}).get(room, {}).get("timeline", {}).get("events", []))


def invited(answer: dict[str, Any]) -> set[str]:
    """The rooms that a sync tells an invitation to."""
    return set(answer.get("rooms", {}).get("invite", {}))


async def test_what_they_write_is_read_nowhere(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(anna, boris, carla, power_level_content_override={"events": {}, "state_default": 0})
    root = await say(anna, room, "root")
    await say(carla, room, "before")
    rude = await say(boris, room, "rude")
    since = (await news(anna))["next_batch"]
    await ignore(anna, boris)
    later = await say(boris, room, "ruder")
    for kind in ("m.thread", "m.reference"):
        await relate(boris, room, root, kind, kind)
    name = await put_state(boris, room, "m.room.name", {"name": "by boris"})
    await say(carla, room, "after")
    update = await news(anna, since)
    events = told(update, room)
    assert [event["event_id"] for event in events if event["sender"] == boris.user] == [name]
    assert bodies(events) == ["after"]
    assert update["rooms"]["join"][room]["unread_notifications"]["notification_count"] == 2
    assert bodies(told(await news(anna), room)) == ["root", "before", "after"]
    assert bodies(await log(anna, room)) == ["root", "before", "after"]
    context = (await anna.get(f"/rooms/{room}/context/{root}", limit=50)).ok()
    assert bodies(context["events_after"]) == ["before", "after"]
    for hidden in (rude, later):
        (await anna.get(f"/rooms/{room}/event/{hidden}")).refused(404, "M_NOT_FOUND")
        (await anna.get(f"/rooms/{room}/context/{hidden}")).refused(404, "M_NOT_FOUND")
    assert (await anna.get(f"/rooms/{room}/event/{name}")).ok()["sender"] == boris.user
    assert "m.relations" not in (await anna.get(f"/rooms/{room}/event/{root}")).ok()["unsigned"]
    assert (await anna.get(f"/_matrix/client/v1/rooms/{room}/relations/{root}")).ok()["chunk"] == []
    assert (await anna.get(f"/_matrix/client/v1/rooms/{room}/threads")).ok()["chunk"] == []
    assert bodies(await log(carla, room)) == ["root", "before", "rude", "ruder", "m.thread", "m.reference", "after"]


async def test_nobody_is_deaf_to_themselves(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    await ignore(anna, anna)
    await say(anna, room, "my own words")
    assert bodies(told(await news(anna), room)) == ["my own words"]


async def test_no_time_leads_to_what_they_wrote(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    first = await say(anna, room, "first")
    world.clock.advance(seconds=10)
    ts = world.clock()
    await say(boris, room, "hidden")
    await say(boris, room, "hidden too")
    path = f"/_matrix/client/v1/rooms/{room}/timestamp_to_event"
    await ignore(anna, boris)
    assert (await anna.get(path, ts=ts + 9_000, dir="b")).ok()["event_id"] == first
    (await anna.get(path, ts=ts, dir="f")).refused(404, "M_NOT_FOUND")
    world.clock.advance(seconds=10)
    last = await say(anna, room, "last")
    assert (await anna.get(path, ts=ts, dir="f")).ok()["event_id"] == last
    assert (await boris.get(path, ts=ts, dir="f")).ok()["event_id"] not in (first, last)


async def test_no_longer_ignored_they_are_heard_again(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    await ignore(anna, boris)
    await say(boris, room, "unheard")
    since = (await news(anna))["next_batch"]
    await ignore(anna)
    await say(boris, room, "heard")
    update = await news(anna, since)
    assert bodies(told(update, room)) == ["heard"]
    assert update["rooms"]["join"][room]["unread_notifications"]["notification_count"] == 2
    assert bodies(await log(anna, room)) == ["unheard", "heard"]


async def test_a_waiting_client_is_not_told(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(anna, boris, carla)
    await ignore(anna, boris)
    since = (await news(anna))["next_batch"]
    poll = anna.begin("GET", "/sync", since=since, timeout=30_000)
    await say(boris, room, "unheard")
    (await boris.put(f"/rooms/{room}/typing/{boris.user}", {"typing": True, "timeout": 20_000})).ok()
    await say(carla, room, "heard")
    got: list[str] = []
    while "heard" not in got:
        answer = (await poll.answer()).ok()
        got += bodies(told(answer, room))
        ephemeral = answer.get("rooms", {}).get("join", {}).get(room, {}).get("ephemeral", {}).get("events", [])
        assert boris.user not in str(ephemeral)
        poll = anna.begin("GET", "/sync", since=answer["next_batch"], timeout=30_000)
    await poll.hang_up()
    assert got == ["heard"]


async def test_their_reactions_and_receipts(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    said = await say(anna, room)
    since = (await news(anna))["next_batch"]
    await ignore(anna, boris)
    relation = {"m.relates_to": {"rel_type": "m.annotation", "event_id": said, "key": "-"}}
    await send(boris, room, "m.reaction", relation)
    (await boris.post(f"/rooms/{room}/receipt/m.read/{said}")).ok()
    update = await news(anna, since)
    assert boris.user not in str(update.get("rooms", {}))
    assert boris.user in str((await news(boris))["rooms"]["join"][room]["ephemeral"])


async def test_their_invitations_wait_until_they_are_heard_again(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    await ignore(anna, boris)
    since = (await news(anna))["next_batch"]
    hidden = await found(boris, invite=[anna.user])
    shown = await found(carla, invite=[anna.user])
    update = await news(anna, since)
    assert invited(update) == {shown}
    assert invited(await news(anna)) == {shown}
    await ignore(anna)
    update = await news(anna, update["next_batch"])
    assert hidden in invited(update)
    assert invited(await news(anna, update["next_batch"])) == set()
    (await anna.post(f"/join/{hidden}")).ok()


async def test_who_wants_no_invitations_gets_none(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(boris)
    early = await found(boris, invite=[anna.user])
    await permit(anna, default_action="block")
    before = (await boris.get("/joined_rooms")).ok()
    since = (await news(boris))["next_batch"]
    invitation = {"membership": "invite"}
    for answer in (
        await boris.post(f"/rooms/{room}/invite", {"user_id": anna.user}),
        await boris.put(f"/rooms/{room}/state/m.room.member/{anna.user}", invitation),
        await boris.post("/createRoom", {"invite": [anna.user]}),
        await boris.post("/createRoom", {"invite": [carla.user, anna.user], "is_direct": True}),
    ):
        answer.refused(403, "M_INVITE_BLOCKED")
    (await carla.post(f"/rooms/{room}/invite", {"user_id": anna.user})).refused(403, "M_FORBIDDEN")
    (await carla.put(f"/rooms/{room}/state/m.room.member/{anna.user}", invitation)).refused(403, "M_FORBIDDEN")
    assert (await boris.get("/joined_rooms")).ok() == before
    assert invited(await news(carla)) == set()
    assert "rooms" not in await news(boris, since)
    update = await news(anna)
    assert invited(update) == set()
    assert (await boris.get(f"/rooms/{early}/state/m.room.member/{anna.user}")).ok()["membership"] == "invite"
    await permit(anna)
    assert invited(await news(anna, update["next_batch"])) == {early}
    (await boris.post(f"/rooms/{room}/invite", {"user_id": anna.user})).ok()


async def test_blocked_invitations_are_told_nowhere(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    begun = str(await world.queries.reader.run(lambda at: at.position))
    await found(boris, invite=[anna.user])

    async def told() -> list[int]:
        return [
            len((await anna.get("/initialSync")).ok()["rooms"]),
            len((await anna.get("/events", **{"from": begun})).ok()["chunk"]),
            len((await anna.get("/notifications")).ok()["notifications"]),
            await world.queries.reader.run(
                lambda at: len(unread_notices(at, anna.user, Position(0), at.position, 0)[0])
            ),
        ]

    assert await told() == [1, 1, 1, 1]
    await permit(anna, default_action="block")
    assert await told() == [0, 0, 0, 0]
    await permit(anna)
    assert await told() == [1, 1, 1, 1]


@pytest.mark.parametrize("content", [{}, {"default_action": "allow"}, {"default_action": 1}, {"block": True}])
async def test_whatever_else_is_set_blocks_nobody(world: World, content: dict[str, Any]) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await permit(anna, **content)
    room = await found(boris, invite=[anna.user])
    assert invited(await news(anna)) == {room}


async def test_who_was_there_before_stays(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(boris, anna)
    await permit(anna, default_action="block")
    (await boris.post(f"/rooms/{room}/invite", {"user_id": anna.user})).refused(403, "M_FORBIDDEN")
    await say(boris, room, "hello")
    assert bodies(told(await news(anna), room)) == ["hello"]
    (await anna.put(f"/rooms/{room}/state/m.room.member/{anna.user}", {"membership": "join"})).ok()


async def test_nobody_is_invited_by_address(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    address = {"id_server": "id.test", "id_access_token": "x", "medium": "email", "address": "boris@veche.test"}
    (await anna.post(f"/rooms/{room}/invite", address)).refused(403, "M_THREEPID_DENIED")
    (await anna.post("/createRoom", {"invite_3pid": [address]})).refused(403, "M_THREEPID_DENIED")
    (await anna.post(f"/rooms/{room}/invite", {})).refused(400, "M_MISSING_PARAM")
    (await anna.post(f"/rooms/{room}/invite", {"user_id": 1})).refused(400, "M_BAD_JSON")
