"""Who is in a room: every way in and out, who may open it, and what each way leaves in the log."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA, DMITRI, ELENA
from tests.stage.people import Person
from tests.stage.rooms import Event, come, found, log, membership, put_state, redact, rows_of, say
from tests.stage.world import World
from veche.domain.ids import RoomId

NOWHERE = "!nowhere:veche.test"


async def rule(host: Person, room: RoomId, name: str, *admitting: str) -> None:
    """Set the join rule, with the rooms whose members are admitted."""
    content: Event = {"join_rule": name}
    if admitting:
        content["allow"] = [{"type": "m.room_membership", "room_id": one} for one in admitting]
    await put_state(host, room, "m.room.join_rules", content)


async def newest(person: Person, room: RoomId) -> Event:
    """The newest event that somebody may read."""
    return (await log(person, room))[-1]


async def test_join(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    (await boris.put(f"/profile/{boris.user}/displayname", {"displayname": "Boris"})).ok()
    (await boris.put(f"/profile/{boris.user}/avatar_url", {"avatar_url": "mxc://veche.test/b"})).ok()
    room = await found(anna, preset="public_chat", room_alias_name="square")
    assert (await boris.post(f"/rooms/{room}/join", {"reason": "Fresh air"})).ok() == {"room_id": room}
    assert await membership(anna, room, boris) == {
        "avatar_url": "mxc://veche.test/b",
        "displayname": "Boris",
        "membership": "join",
        "reason": "Fresh air",
    }
    before = await rows_of(world)
    assert (await boris.post(f"/join/{room}", {"reason": "Again"})).ok() == {"room_id": room}
    assert await rows_of(world) == before, "who is in the room already does not join it again"
    assert (await carla.post("/join/%23square%3Aveche.test")).ok() == {"room_id": room}
    assert (await carla.get("/joined_rooms")).ok() == {"joined_rooms": [room]}


async def test_who_may_not_join(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna)
    (await anna.post(f"/rooms/{room}/ban", {"user_id": boris.user})).ok()
    assert "banned" in (await boris.post(f"/rooms/{room}/join")).refused(403, "M_FORBIDDEN")["error"]
    for way in ("/join/%23nowhere%3Aveche.test", "/knock/%23nowhere%3Aveche.test"):
        (await boris.post(way)).refused(404, "M_NOT_FOUND")
    for way in ("/join/nonsense", "/knock/nonsense"):
        assert "nonsense" in (await boris.post(way)).refused(400, "M_INVALID_PARAM")["error"]


@pytest.mark.parametrize("rule_of_room", ["invite", "private", "restricted", "knock_restricted"])
async def test_outsiders_cannot_tell_a_closed_room_from_none(world: World, rule_of_room: str) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna)
    await rule(anna, room, rule_of_room, NOWHERE)
    for ask in ("/rooms/{}/join", "/join/{}", *(["/knock/{}"] if "knock" not in rule_of_room else [])):
        closed, none = [await boris.post(ask.format(name)) for name in (room, NOWHERE)]
        assert closed.refused(403, "M_FORBIDDEN") == none.refused(403, "M_FORBIDDEN")


async def test_invite(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(anna, boris, power_level_content_override={"invite": 50})
    (await anna.post(f"/rooms/{room}/invite", {"user_id": carla.user, "reason": "Tea"})).ok()
    (await anna.post(f"/rooms/{room}/invite", {"user_id": carla.user, "reason": "Tea"})).ok()
    assert await membership(anna, room, carla) == {"membership": "invite", "reason": "Tea"}
    for host, user, said in (
        (boris, carla.user, "needs power level"),
        (anna, boris.user, "already in the room"),
        (carla, boris.user, "not in that room"),
    ):
        error = (await host.post(f"/rooms/{room}/invite", {"user_id": user})).refused(403, "M_FORBIDDEN")
        assert said in error["error"]
    (await anna.post(f"/rooms/{room}/ban", {"user_id": carla.user})).ok()
    error = (await anna.post(f"/rooms/{room}/invite", {"user_id": carla.user})).refused(403, "M_FORBIDDEN")
    assert "banned" in error["error"]


async def test_only_people_of_this_server_are_invited(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(anna, boris)
    auth = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": "carla"}}
    proof = {"auth": {**auth, "password": "carla's own password"}}
    (await carla.post("/account/deactivate", proof)).ok()
    before = await rows_of(world)
    for user in ("@nobody:veche.test", "@anna:elsewhere.test", carla.user):
        (await anna.post(f"/rooms/{room}/invite", {"user_id": user})).refused(404, "M_NOT_FOUND")
        way = f"/rooms/{room}/state/m.room.member/{user}"
        (await anna.put(way, {"membership": "invite"})).refused(404, "M_NOT_FOUND")
    for way in ("invite", "ban", "kick", "unban"):
        for user in ("boris", "@bo\x00ris:veche.test", "@" + "b" * 300 + ":veche.test", ""):
            error = (await anna.post(f"/rooms/{room}/{way}", {"user_id": user})).refused(400, "M_INVALID_PARAM")
            assert error["org.veche.field"] == "user_id"
    assert await rows_of(world) == before


async def test_leave(world: World) -> None:
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    room = await found(anna, boris, invite=[carla.user])
    (await boris.post(f"/rooms/{room}/leave", {"reason": "Home"})).ok()
    assert await membership(anna, room, boris) == {"membership": "leave", "reason": "Home"}
    (await carla.post(f"/rooms/{room}/leave")).ok()
    assert await membership(anna, room, carla) == {"membership": "leave"}
    before = await rows_of(world)
    (await boris.post(f"/rooms/{room}/leave", {"reason": "Again"})).ok()
    (await dmitri.post(f"/rooms/{room}/leave")).refused(403, "M_FORBIDDEN")
    (await dmitri.post(f"/rooms/{NOWHERE}/leave")).refused(403, "M_FORBIDDEN")
    assert await rows_of(world) == before
    (await anna.post(f"/rooms/{room}/ban", {"user_id": dmitri.user})).ok()
    assert "banned" in (await dmitri.post(f"/rooms/{room}/leave")).refused(403, "M_FORBIDDEN")["error"]


async def test_who_leaves_writes_no_more(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    (await boris.put(f"/rooms/{room}/typing/{boris.user}", {"typing": True, "timeout": 60_000})).ok()
    seen = (await anna.get("/sync")).ok()
    [typing] = [one for one in seen["rooms"]["join"][room]["ephemeral"]["events"] if one["type"] == "m.typing"]
    assert typing["content"] == {"user_ids": [boris.user]}
    (await boris.post(f"/rooms/{room}/leave")).ok()
    then = (await anna.get("/sync", since=seen["next_batch"])).ok()
    [typing] = [one for one in then["rooms"]["join"][room]["ephemeral"]["events"] if one["type"] == "m.typing"]
    assert typing["content"] == {"user_ids": []}


async def test_kick(world: World) -> None:
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    room = await found(anna, boris, carla, invite=[dmitri.user])
    before = await rows_of(world)
    for host, user, said in (
        (boris, carla.user, "needs power level"),
        (dmitri, carla.user, "not in that room"),
        (anna, "@elsewhere:veche.test", "not in the room"),
        (anna, anna.user, "as high or higher"),
    ):
        error = (await host.post(f"/rooms/{room}/kick", {"user_id": user})).refused(403, "M_FORBIDDEN")
        assert said in error["error"]
    assert await rows_of(world) == before
    (await anna.post(f"/rooms/{room}/kick", {"user_id": boris.user, "reason": "Jokes"})).ok()
    assert await membership(anna, room, boris) == {"membership": "leave", "reason": "Jokes"}
    assert (await newest(boris, room))["sender"] == anna.user
    (await anna.post(f"/rooms/{room}/kick", {"user_id": dmitri.user})).ok()
    assert await membership(anna, room, dmitri) == {"membership": "leave"}
    (await boris.put(f"/rooms/{room}/send/m.room.message/1", {"body": "x"})).refused(403, "M_FORBIDDEN")


async def test_ban_and_unban(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(anna, boris, preset="public_chat")
    (await boris.post(f"/rooms/{room}/ban", {"user_id": carla.user})).refused(403, "M_FORBIDDEN")
    (await anna.post(f"/rooms/{room}/ban", {"user_id": boris.user, "reason": "Spam"})).ok()
    (await anna.post(f"/rooms/{room}/ban", {"user_id": carla.user})).ok()
    assert await membership(anna, room, boris) == {"membership": "ban", "reason": "Spam"}
    before = await rows_of(world)
    (await anna.post(f"/rooms/{room}/ban", {"user_id": boris.user})).ok()
    assert (
        "banned"
        in (await anna.post(f"/rooms/{room}/kick", {"user_id": boris.user})).refused(403, "M_FORBIDDEN")["error"]
    )
    (await boris.post(f"/rooms/{room}/unban", {"user_id": boris.user})).refused(403, "M_FORBIDDEN")
    (await anna.post(f"/rooms/{room}/unban", {"user_id": anna.user})).refused(403, "M_BAD_STATE")
    assert await rows_of(world) == before
    (await anna.post(f"/rooms/{room}/unban", {"user_id": boris.user, "reason": "Sorry"})).ok()
    assert await membership(anna, room, boris) == {"membership": "leave", "reason": "Sorry"}
    (await boris.post(f"/rooms/{room}/join")).ok()


@pytest.mark.parametrize("name", ["knock", "knock_restricted"])
async def test_knock(world: World, name: str) -> None:
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    room = await found(anna, room_alias_name="door")
    (await boris.post(f"/knock/{room}")).refused(403, "M_FORBIDDEN")
    await rule(anna, room, name)
    assert (await boris.post("/knock/%23door%3Aveche.test", {"reason": "Cold out here"})).ok() == {"room_id": room}
    assert await membership(anna, room, boris) == {"membership": "knock", "reason": "Cold out here"}
    before = await rows_of(world)
    (await boris.post(f"/knock/{room}")).ok()
    assert await rows_of(world) == before
    (await anna.post(f"/rooms/{room}/invite", {"user_id": boris.user})).ok()
    assert "invited" in (await boris.post(f"/knock/{room}")).refused(403, "M_FORBIDDEN")["error"]
    (await boris.post(f"/join/{room}")).ok()
    assert "already" in (await boris.post(f"/knock/{room}")).refused(403, "M_FORBIDDEN")["error"]
    (await carla.post(f"/knock/{room}")).ok()
    (await carla.post(f"/rooms/{room}/leave")).ok()
    (await dmitri.post(f"/knock/{room}")).ok()
    (await anna.post(f"/rooms/{room}/kick", {"user_id": dmitri.user, "reason": "Full"})).ok()
    assert await membership(anna, room, dmitri) == {"membership": "leave", "reason": "Full"}
    (await anna.post(f"/rooms/{room}/ban", {"user_id": dmitri.user})).ok()
    assert "banned" in (await dmitri.post(f"/knock/{room}")).refused(403, "M_FORBIDDEN")["error"]


@pytest.mark.parametrize("version", ["10", "11", "12"])
@pytest.mark.parametrize("name", ["restricted", "knock_restricted"])
async def test_restricted_rooms_admit_the_members_of_others(world: World, name: str, version: str) -> None:
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    office = await found(anna, boris)
    room = await found(anna, room_version=version)
    await rule(anna, room, name, NOWHERE, office)
    (await boris.post(f"/rooms/{room}/join", {"reason": "Colleague"})).ok()
    joined = await membership(anna, room, boris)
    assert joined == {
        "join_authorised_via_users_server": anna.user,
        "membership": "join",
        "reason": "Colleague",
    }
    (await carla.post(f"/join/{room}")).refused(403, "M_FORBIDDEN")
    (await anna.post(f"/rooms/{office}/invite", {"user_id": carla.user})).ok()
    (await carla.post(f"/join/{room}")).refused(403, "M_FORBIDDEN")
    await come(anna, dmitri, room)
    assert "join_authorised_via_users_server" not in await membership(anna, room, dmitri)
    (await boris.post(f"/rooms/{office}/leave")).ok()
    (await boris.put(f"/rooms/{room}/state/m.room.member/{boris.user}", {**joined, "displayname": "B"})).ok()
    assert await membership(anna, room, boris) == {"displayname": "B", "membership": "join", "reason": "Colleague"}


async def test_a_restricted_room_without_anybody_who_may_invite_admits_nobody(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    office = await found(anna, boris)
    room = await found(anna, power_level_content_override={"invite": 100})
    await rule(anna, room, "restricted", office)
    levels = (await anna.get(f"/rooms/{room}/state/m.room.power_levels")).ok()
    await put_state(anna, room, "m.room.power_levels", {**levels, "users": {anna.user: 50}})
    (await boris.post(f"/join/{room}")).refused(403, "M_FORBIDDEN")


async def test_a_restricted_room_that_names_nothing_is_by_invitation(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna)
    for content in ({"allow": "all"}, {"allow": [7, {"type": "x", "room_id": NOWHERE}]}, {}):
        await put_state(anna, room, "m.room.join_rules", {"join_rule": "restricted", **content})
        (await boris.post(f"/join/{room}")).refused(403, "M_FORBIDDEN")


async def test_a_room_whose_rule_nobody_knows_is_closed_to_the_invited_too(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, invite=[boris.user])
    await put_state(anna, room, "m.room.join_rules", {"join_rule": 7})
    (await boris.post(f"/join/{room}")).refused(403, "M_FORBIDDEN")


async def test_forget(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(anna, boris, invite=[carla.user])
    said = await say(anna, room, "before")
    for person in (anna, carla):
        (await person.post(f"/rooms/{room}/forget")).refused(400, "M_UNKNOWN")
    (await carla.post(f"/rooms/{NOWHERE}/forget")).refused(404, "M_NOT_FOUND")
    (await boris.post(f"/rooms/{room}/leave")).ok()
    assert said in [event["event_id"] for event in await log(boris, room)]
    (await boris.post(f"/rooms/{room}/forget")).ok()
    (await boris.post(f"/rooms/{room}/forget")).ok()
    for path, status in (
        ("/messages?dir=b", 403),
        ("/state", 403),
        ("/state/m.room.create", 403),
        ("/members", 403),
        ("/joined_members", 403),
        ("/aliases", 403),
        (f"/event/{said}", 404),
        (f"/context/{said}", 404),
    ):
        assert (await boris.get(f"/rooms/{room}{path}")).status == status, path
    await come(anna, boris, room)
    assert said in [event["event_id"] for event in await log(boris, room)], "whoever is back remembers"


async def test_a_forgotten_room_that_the_world_may_read_is_read_as_strangers_do(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    opened = {"type": "m.room.history_visibility", "content": {"history_visibility": "world_readable"}}
    room = await found(anna, boris, initial_state=[opened])
    (await boris.post(f"/rooms/{room}/leave")).ok()
    (await boris.post(f"/rooms/{room}/forget")).ok()
    event = (await boris.get(f"/rooms/{room}/event/{await say(anna, room)}")).ok()
    assert event["unsigned"]["membership"] == "leave"


async def test_who_was_banned_can_forget_the_room(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    (await anna.post(f"/rooms/{room}/ban", {"user_id": boris.user})).ok()
    (await boris.post(f"/rooms/{room}/forget")).ok()


MEMBERSHIPS: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("anna", "boris", {"membership": "ban", "reason": "x"}, 200, ""),
    ("anna", "boris", {"membership": "leave"}, 200, ""),
    ("anna", "boris", {"membership": "invite"}, 200, ""),
    ("boris", "boris", {"membership": "join", "displayname": "Bob"}, 200, ""),
    ("boris", "boris", {"membership": "leave", "reason": "x"}, 200, ""),
    ("boris", "anna", {"membership": "leave"}, 403, "M_FORBIDDEN"),
    ("boris", "boris", {"membership": "invite"}, 403, "M_FORBIDDEN"),
    ("anna", "boris", {"membership": "join"}, 403, "M_FORBIDDEN"),
    ("anna", "boris", {"membership": "odd"}, 400, "M_BAD_JSON"),
    ("anna", "boris", {}, 400, "M_BAD_JSON"),
    ("anna", "boris", {"membership": ["ban"]}, 400, "M_BAD_JSON"),
    ("anna", "boris", {"membership": "invite", "third_party_invite": {}}, 403, "M_FORBIDDEN"),
]


async def test_membership_by_setting_state(world: World) -> None:
    anna, boris = people = await world.people(ANNA, BORIS)
    by_name = dict(zip((ANNA, BORIS), people, strict=True))
    room = await found(anna, boris)
    banned = False
    for sender, target, content, status, code in MEMBERSHIPS:
        if banned:
            (await anna.post(f"/rooms/{room}/unban", {"user_id": boris.user})).ok()
        if (await membership(anna, room, boris))["membership"] != "join" and content.get("membership") != "invite":
            await come(anna, boris, room)
        way = f"/rooms/{room}/state/m.room.member/{by_name[target].user}"
        answer = await by_name[sender].put(way, content)
        assert (answer.status, answer.errcode or "") == (status, code), (content, answer.bytes)
        banned = status == 200 and content["membership"] == "ban"
        if status == 200:
            assert await membership(anna, room, by_name[target]) == content
    error = (await anna.put(f"/rooms/{room}/state/m.room.member/nobody", {"membership": "invite"})).json
    assert (error["errcode"], "nobody" in error["error"]) == ("M_NOT_FOUND", True)
    as_message = await anna.put(f"/rooms/{room}/send/m.room.member/1", {"membership": "ban"})
    as_message.refused(400, "M_BAD_JSON")


async def test_a_redacted_membership_keeps_its_kind_and_loses_the_name(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    for person, name in ((boris, "Quince"), (carla, "Rowan")):
        (await person.put(f"/profile/{person.user}/displayname", {"displayname": name})).ok()
    room = await found(anna, boris, carla)
    joined = [event for event in await log(anna, room) if event["content"].get("displayname")]
    (await carla.post(f"/rooms/{room}/leave")).ok()
    for event in joined:
        await redact(anna, room, event["event_id"])
    assert await membership(anna, room, boris) == {"membership": "join"}
    assert (await anna.get(f"/rooms/{room}/joined_members")).ok()["joined"][boris.user] == {}
    before = (await boris.get("/sync")).ok()
    assert before["rooms"]["join"][room]["unread_notifications"]["highlight_count"] == 0
    await say(anna, room, "Quince jam?")
    await say(anna, room, "boris: jam?")
    unread = (await boris.get("/sync")).ok()["rooms"]["join"][room]["unread_notifications"]
    assert unread["highlight_count"] == 1, "the localpart still calls, the name is gone"
    assert await membership(anna, room, carla) == {"membership": "leave"}


async def test_the_administrator_of_the_server_has_no_special_place_in_rooms(world: World) -> None:
    anna = await world.person(ANNA)
    elena = await world.person(ELENA, role="administrator")
    room = await found(anna)
    (await elena.post(f"/join/{room}")).refused(403, "M_FORBIDDEN")
    (await elena.get(f"/rooms/{room}/state")).refused(403, "M_FORBIDDEN")


async def test_where_all_may_invite_anybody_can_be_the_one_who_lets_in(world: World) -> None:
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    office = await found(anna, dmitri)
    room = await found(anna, boris, carla)
    levels = (await anna.get(f"/rooms/{room}/state/m.room.power_levels")).ok()
    await put_state(anna, room, "m.room.power_levels", {**levels, "users": {anna.user: 100, boris.user: -1}})
    await rule(anna, room, "restricted", office)
    (await anna.post(f"/rooms/{room}/leave")).ok()
    (await dmitri.post(f"/join/{room}")).ok()
    assert (await membership(carla, room, dmitri))["join_authorised_via_users_server"] == carla.user
