"""Who may read which part of a room, whichever way it is asked for: pages, single events, context, times, members."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA, DMITRI
from tests.stage.people import Person
from tests.stage.rooms import bodies, come, event, found, log, put_state, redact, relate, say
from tests.stage.world import World
from veche.domain.ids import EventId, RoomId

STEPS = ("alone", "invited", "joined", "left", "back")

VISIBLE: dict[str, tuple[str, ...]] = {
    "world_readable": STEPS,
    "shared": STEPS,
    "invited": ("invited", "joined", "back"),
    "joined": ("joined", "back"),
}
"""What Boris may read in the end, of what was said while he was at each step."""

WHILE_AWAY: dict[str, tuple[str, ...]] = {**VISIBLE, "shared": STEPS[:3]} | {
    "invited": ("invited", "joined"),
    "joined": ("joined",),
    "world_readable": STEPS[:4],
}
"""The same once he has left and before he is back."""


async def play(
    anna: Person, boris: Person, visibility: str
) -> tuple[RoomId, dict[str, EventId], tuple[list[str], list[str]]]:
    """Let Boris come, go and come again; return what was said, and what he read while away and in the end."""
    setting = {"type": "m.room.history_visibility", "content": {"history_visibility": visibility}}
    room = await found(anna, initial_state=[setting])
    said = {"alone": await say(anna, room, "alone")}
    (await anna.post(f"/rooms/{room}/invite", {"user_id": boris.user})).ok()
    said["invited"] = await say(anna, room, "invited")
    (await boris.post(f"/rooms/{room}/join")).ok()
    said["joined"] = await say(anna, room, "joined")
    (await boris.post(f"/rooms/{room}/leave")).ok()
    said["left"] = await say(anna, room, "left")
    away = await everything(boris, room, said)
    await come(anna, boris, room)
    said["back"] = await say(anna, room, "back")
    return room, said, (away, await everything(boris, room, said))


async def everything(person: Person, room: RoomId, said: dict[str, EventId]) -> list[str]:
    """What somebody may read; fails unless all ways of asking agree."""
    forth = bodies(await log(person, room))
    back = (await person.get(f"/rooms/{room}/messages", dir="b", limit=1000)).ok()["chunk"]
    assert bodies(back)[::-1] == forth
    for name, event_id in said.items():
        for path in (f"event/{event_id}", f"context/{event_id}"):
            answer = await person.get(f"/rooms/{room}/{path}", limit=0)
            assert answer.status == (200 if name in forth else 404), (path, name)
        related = await person.get(f"/_matrix/client/v1/rooms/{room}/relations/{event_id}")
        assert related.status == (200 if name in forth else 404), name
    return forth


@pytest.mark.parametrize("visibility", VISIBLE)
async def test_a_member_reads_what_the_visibility_allows(world: World, visibility: str) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    _, _, (away, in_the_end) = await play(anna, boris, visibility)
    assert tuple(away) == WHILE_AWAY[visibility]
    assert tuple(in_the_end) == VISIBLE[visibility]


@pytest.mark.parametrize("visibility", VISIBLE)
async def test_context_and_times_stop_where_sight_ends(world: World, visibility: str) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room, said, _ = await play(anna, boris, visibility)
    context = (await boris.get(f"/rooms/{room}/context/{said['joined']}", limit=1000)).ok()
    around = [*context["events_before"][::-1], context["event"], *context["events_after"]]
    assert tuple(bodies(around)) == VISIBLE[visibility]
    nearest = await boris.get(f"/_matrix/client/v1/rooms/{room}/timestamp_to_event", ts=0, dir="f")
    assert nearest.ok()["event_id"] == (await log(boris, room))[0]["event_id"]


async def test_the_invited_read_only_where_it_says_invited(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    for visibility, expected in (("invited", ["since"]), ("shared", None), ("joined", None)):
        setting = {"type": "m.room.history_visibility", "content": {"history_visibility": visibility}}
        room = await found(anna, initial_state=[setting])
        await say(anna, room, "before")
        (await anna.post(f"/rooms/{room}/invite", {"user_id": boris.user})).ok()
        await say(anna, room, "since")
        answer = await boris.get(f"/rooms/{room}/messages", dir="b")
        if expected is None:
            answer.refused(403, "M_FORBIDDEN")
        else:
            assert bodies(answer.ok()["chunk"]) == expected


async def test_strangers_read_what_the_world_may_and_nothing_else(world: World) -> None:
    anna, dmitri = await world.people(ANNA, DMITRI)
    room = await found(anna)
    await say(anna, room, "private")
    for way in ("messages?dir=b", "messages?dir=f", "context/$x", "event/$x", "state"):
        assert (await dmitri.get(f"/rooms/{room}/{way}")).status in (403, 404)
    (await dmitri.get(f"/_matrix/client/v1/rooms/{room}/timestamp_to_event", ts=0, dir="f")).refused(403, "M_FORBIDDEN")
    await put_state(anna, room, "m.room.history_visibility", {"history_visibility": "world_readable"})
    open_ = await say(anna, room, "open")
    await put_state(anna, room, "m.room.history_visibility", {"history_visibility": "joined"})
    await say(anna, room, "private again")
    assert bodies(await log(dmitri, room)) == ["open"]
    assert (await event(dmitri, room, open_))["unsigned"]["membership"] == "leave"


async def test_the_banned_read_what_they_could_until_then(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    await say(anna, room, "before")
    (await anna.post(f"/rooms/{room}/ban", {"user_id": boris.user, "reason": "Spam"})).ok()
    await say(anna, room, "after")
    (await anna.post(f"/rooms/{room}/unban", {"user_id": boris.user})).ok()
    seen = await log(boris, room)
    assert bodies(seen) == ["before"]
    assert seen[-1]["content"] == {"membership": "ban", "reason": "Spam"}


async def test_how_one_stood_to_the_room_is_said_of_every_event(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room, _, _ = await play(anna, boris, "shared")
    told = [(one.get("state_key") == boris.user, one["unsigned"]["membership"]) for one in await log(boris, room)]
    own = [membership for is_own, membership in told if is_own]
    assert own == ["invite", "join", "leave", "invite", "join"]
    assert (told[0][1], told[-1][1]) == ("leave", "join")


async def test_nobody_learns_by_relations_what_they_may_not_read(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    setting = {"type": "m.room.history_visibility", "content": {"history_visibility": "joined"}}
    room = await found(anna, boris, initial_state=[setting])
    root = await say(anna, room, "root")
    for kind in ("m.thread", "m.reference"):
        await relate(anna, room, root, kind, "seen")
    (await boris.post(f"/rooms/{room}/leave")).ok()
    for kind in ("m.thread", "m.reference", "m.replace"):
        await relate(anna, room, root, kind, "hidden")
    other = await say(anna, room, "hidden")
    await redact(anna, room, other, "hidden reason")
    read = (await boris.get(f"/rooms/{room}/event/{root}")).ok()["unsigned"]["m.relations"]
    assert read["m.thread"]["count"] == 1
    assert len(read["m.reference"]["chunk"]) == 1
    assert "m.replace" not in read
    related = (await boris.get(f"/_matrix/client/v1/rooms/{room}/relations/{root}")).ok()
    assert bodies(related["chunk"]) == ["seen", "seen"]
    await redact(anna, room, root, "hidden reason")
    for path in (f"event/{root}", "messages?dir=b&limit=1000", f"context/{root}"):
        assert "hidden" not in (await boris.get(f"/rooms/{room}/{path}")).bytes.decode(), path


async def test_ignored_people_are_left_out_but_for_the_state_they_set(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(anna, boris, carla)
    root = await say(anna, room, "root")
    await relate(boris, room, root, "m.thread", "heard")
    last = await relate(carla, room, root, "m.thread", "ignored")
    await relate(carla, room, root, "m.reference", "ignored")
    await put_state(carla, room, "m.room.member", {"membership": "join", "displayname": "C"}, carla.user)
    ignoring: dict[str, Any] = {"ignored_users": {carla.user: {}}}
    (await anna.put(f"/user/{anna.user}/account_data/m.ignored_user_list", ignoring)).ok()
    seen = await log(anna, room)
    assert bodies(seen) == ["root", "heard"]
    assert [one["content"]["membership"] for one in seen if one.get("state_key") == carla.user][-1] == "join"
    thread = next(one for one in seen if one["event_id"] == root)["unsigned"]["m.relations"]
    assert (set(thread), thread["m.thread"]["count"]) == ({"m.thread"}, 1)
    assert thread["m.thread"]["latest_event"]["content"]["body"] == "heard"
    related = (await anna.get(f"/_matrix/client/v1/rooms/{room}/relations/{root}")).ok()
    assert bodies(related["chunk"]) == ["heard"]
    assert (await event(boris, room, root))["unsigned"]["m.relations"]["m.thread"]["latest_event"]["event_id"] == last


async def test_lazy_members_of_a_page_are_those_one_may_know_of(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    await say(anna, room)
    (await boris.post(f"/rooms/{room}/leave")).ok()
    await put_state(anna, room, "m.room.member", {"membership": "join", "displayname": "hidden"}, anna.user)
    lazy = '{"lazy_load_members":true}'
    page = await boris.get(f"/rooms/{room}/messages", dir="b", filter=lazy)
    assert {one["state_key"] for one in page.ok()["state"]} == {anna.user, boris.user}
    assert "hidden" not in page.bytes.decode()
    assert '"displayname":"hidden"' in (await anna.get(f"/rooms/{room}/messages", dir="b", filter=lazy)).bytes.decode()
