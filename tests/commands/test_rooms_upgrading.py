"""Upgrading rooms: what goes over in each direction, who may, and that no interruption leaves a tombstone alone."""

from typing import Any
from unittest.mock import patch

import pytest

from tests.cast import ANNA, BORIS, CARLA, DMITRI, SERVER
from tests.stage.people import Person
from tests.stage.rooms import Event, found, log, put_state, rows_of, say
from tests.stage.world import World
from veche.commands.rooms import upgrading
from veche.domain.ids import RoomId

VERSIONS = ("10", "11", "12")
JOIN_RULES = "m.room.join_rules"
ACL = {"allow": ["*"], "deny": ["evil.test"], "allow_ip_literals": False}


async def upgraded(person: Person, room: RoomId, version: str = "11", **more: Any) -> RoomId:
    """Upgrade a room and return the one that replaces it."""
    answer = await person.post(f"/rooms/{room}/upgrade", {"new_version": version, **more})
    return RoomId(answer.ok()["replacement_room"])


async def contents(person: Person, room: RoomId) -> dict[tuple[str, str], Event]:
    """What a room's state says."""
    events = (await person.get(f"/rooms/{room}/state")).ok()
    return {(event["type"], event["state_key"]): event["content"] for event in events}


@pytest.mark.parametrize("after", VERSIONS)
@pytest.mark.parametrize("before", VERSIONS)
async def test_the_state_goes_over(world: World, before: str, after: str) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    allow = [{"type": "m.room_membership", "room_id": "!other:veche.test"}]
    room = await found(
        anna,
        boris,
        room_version=before,
        name="Kitchen",
        topic="Food",
        room_alias_name="kitchen",
        visibility="public",
        creation_content={"type": "org.example.kind", "m.federate": False},
    )
    await put_state(anna, room, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    await put_state(anna, room, "m.room.server_acl", ACL)
    await put_state(anna, room, "m.room.join_rules", {"join_rule": "restricted", "allow": allow})
    await put_state(anna, room, "m.room.pinned_events", {"pinned": ["$x"]})
    await put_state(anna, room, "org.example.own", {"a": 1})
    (await anna.post(f"/rooms/{room}/ban", {"user_id": carla.user, "reason": "rude"})).ok()
    old = await contents(anna, room)
    last = (await log(anna, room))[-1]["event_id"]
    new = await upgraded(anna, room, after)
    assert (":" in new) == (after != "12")
    state = await contents(anna, new)
    predecessor = {"room_id": room, "event_id": last}
    create = {"room_version": after, "predecessor": predecessor, "type": "org.example.kind", "m.federate": False}
    assert state.pop(("m.room.create", "")) == create | ({"creator": anna.user} if after == "10" else {})
    for kind in ("encryption", "server_acl", "name", "topic", "guest_access", "history_visibility", "join_rules"):
        assert state.pop((f"m.room.{kind}", "")) == old[f"m.room.{kind}", ""], kind
    assert state.pop(("m.room.canonical_alias", "")) == {"alias": f"#kitchen:{SERVER}"}
    assert state.pop(("m.room.member", carla.user)) == {"membership": "ban", "reason": "rude"}
    assert state.pop(("m.room.member", anna.user))["membership"] == "join"
    levels, known = state.pop(("m.room.power_levels", "")), old["m.room.power_levels", ""]
    assert {**levels, "users": {}} == {**known, "users": {}}
    highest = 150 if before == "12" else 100
    assert levels["users"] == ({} if after == "12" else {anna.user: highest})
    assert state == {}


async def test_the_old_room_is_closed(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris, room_alias_name="kitchen", visibility="public")
    other = {"room_id": room}
    (await boris.put(f"/directory/room/%23second:{SERVER}", other)).ok()
    new = await upgraded(anna, room, "12")
    state = await contents(boris, room)
    stone = {"body": "This room has been replaced", "replacement_room": new}
    assert state["m.room.tombstone", ""] == stone
    assert state["m.room.canonical_alias", ""] == {}
    levels = state["m.room.power_levels", ""]
    assert (levels["events_default"], levels["invite"]) == (50, 50)
    assert levels["users"] == {anna.user: 100}
    body = {"msgtype": "m.text", "body": "still here"}
    (await boris.put(f"/rooms/{room}/send/m.room.message/1", body)).refused(403, "M_FORBIDDEN")
    await say(anna, room, "last words")
    for alias in ("kitchen", "second"):
        assert (await boris.get(f"/directory/room/%23{alias}:{SERVER}")).ok()["room_id"] == new
    (listed,) = (await boris.get("/publicRooms")).ok()["chunk"]
    assert listed["room_id"] == new
    assert (await anna.get(f"/directory/list/room/{room}")).ok() == {"visibility": "private"}
    assert (await anna.get(f"/directory/list/room/{new}")).ok() == {"visibility": "public"}
    (await boris.post(f"/join/%23kitchen:{SERVER}")).ok()


async def test_levels_of_members_who_stood_higher_than_others(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    levels = {
        "users": {anna.user: 100, boris.user: 60},
        "users_default": 55,
        "events": {"m.room.tombstone": 60, "m.room.power_levels": 100},
        "events_default": 70,
    }
    room = await found(anna, boris, power_level_content_override=levels, room_version="10")
    new = await upgraded(boris, room, "10")
    state = await contents(boris, new)
    assert state["m.room.power_levels", ""]["users"] == levels["users"]
    assert state["m.room.create", ""]["creator"] == boris.user
    closed = (await contents(boris, room))["m.room.power_levels", ""]
    assert (closed["events_default"], closed["invite"]) == (70, 0), "boris may not change them"


async def test_creators_of_version_twelve(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    content = {"additional_creators": [boris.user]}
    room = await found(anna, boris, carla, room_version="12", creation_content=content)
    levels = (await contents(anna, room))["m.room.power_levels", ""]
    await put_state(anna, room, "m.room.power_levels", {**levels, "users": {carla.user: 75}})
    twelve = await upgraded(boris, room, "12", additional_creators=[carla.user, boris.user, carla.user])
    state = await contents(boris, twelve)
    assert state["m.room.create", ""]["additional_creators"] == [carla.user]
    assert state["m.room.power_levels", ""]["users"] == {}
    await put_state(boris, room, "m.room.tombstone", {})
    eleven = await upgraded(anna, room, "11", additional_creators=["nobody"])
    state = await contents(anna, eleven)
    assert "additional_creators" not in state["m.room.create", ""]
    assert state["m.room.power_levels", ""]["users"] == {carla.user: 75, anna.user: 150, boris.user: 150}


async def unset(world: World, room: RoomId) -> None:
    """Take away what no command takes away."""
    kinds = "('m.room.power_levels', 'm.room.join_rules')"
    sql = f"DELETE FROM current_state WHERE room_id = ? AND type IN {kinds}"
    await world.commands.writer.run(lambda tx: tx.run(sql, room))


async def test_a_room_without_power_levels(world: World) -> None:
    anna = await world.person(ANNA)
    for before, after in (("10", "11"), ("12", "12"), ("12", "10"), ("11", "12")):
        room = await found(anna, room_version=before)
        await unset(world, room)
        new = await upgraded(anna, room, after)
        state = await contents(anna, new)
        users = {} if after == "12" else {anna.user: 100}
        assert state["m.room.power_levels", ""].get("users", {}) == users
        assert state["m.room.join_rules", ""] == {"join_rule": "invite"}
        await put_state(anna, new, "m.room.name", {"name": "mine"})


async def test_who_may_not(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(anna, boris)
    before = await rows_of(world)
    body = {"new_version": "12"}
    for person, where in ((boris, room), (carla, room), (anna, "!no:veche.test")):
        (await person.post(f"/rooms/{where}/upgrade", body)).refused(403, "M_FORBIDDEN")
    for deed, said in (("upgrade", body), ("invite", {"user_id": boris.user})):
        answers = [await carla.post(f"/rooms/{where}/{deed}", said) for where in (room, "!no:veche.test")]
        assert answers[0].json == answers[1].json, "whether a room exists does not show"
    for version in ("9", "13", "", "x"):
        answer = await anna.post(f"/rooms/{room}/upgrade", {"new_version": version})
        answer.refused(400, "M_UNSUPPORTED_ROOM_VERSION")
    wrong = {"new_version": "12", "additional_creators": ["anna"]}
    (await anna.post(f"/rooms/{room}/upgrade", wrong)).refused(400, "M_INVALID_PARAM")
    (await anna.post(f"/rooms/{room}/upgrade", {})).refused(400, "M_MISSING_PARAM")
    (await anna.post(f"/rooms/{room}/upgrade", {"new_version": 12})).refused(400, "M_BAD_JSON")
    assert await rows_of(world) == before


async def test_asking_again_gives_the_same_room(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    await put_state(anna, room, "m.room.power_levels", {"users": {anna.user: 100, boris.user: 100}})
    new = await upgraded(anna, room, "12")
    before = await rows_of(world)
    assert await upgraded(anna, room, "12") == new
    assert await rows_of(world) == before


async def test_a_replaced_room_is_not_replaced_by_another(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    await put_state(anna, room, "m.room.power_levels", {"users": {anna.user: 100, boris.user: 100}})
    new = await upgraded(anna, room, "12")
    before = await rows_of(world)
    for person, version, more in (
        (anna, "12", {"additional_creators": [boris.user]}),
        (boris, "12", {}),
        (anna, "11", {}),
    ):
        wish = {"new_version": version, **more}
        refused = (await person.post(f"/rooms/{room}/upgrade", wish)).refused(403, "M_FORBIDDEN")
        assert new in refused["error"]
    assert await rows_of(world) == before
    await put_state(anna, room, "m.room.tombstone", {})
    other = await upgraded(anna, room, "11")
    assert other != new, "who takes the tombstone back may begin anew"


async def test_two_upgrades_at_once_leave_one_tombstone(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    for number in range(5):
        (await anna.post(f"/rooms/{room}/ban", {"user_id": f"@spammer{number}:{SERVER}"})).ok()
    with patch.object(upgrading, "COPIED_AT_ONCE", 1):
        asking = [anna.begin("POST", f"/rooms/{room}/upgrade", {"new_version": version}) for version in ("11", "12")]
        answers = [await one.answer() for one in asking]
    assert sorted(answer.status for answer in answers) == [200, 403]
    assert [event["type"] for event in await log(anna, room)].count("m.room.tombstone") == 1


async def test_many_bans_go_over_in_slices_and_an_interruption_leaves_no_tombstone(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris, preset="public_chat", room_alias_name="hall")
    for number in range(7):
        (await anna.post(f"/rooms/{room}/ban", {"user_id": f"@spammer{number}:{SERVER}"})).ok()
    with patch.object(upgrading, "COPIED_AT_ONCE", 3):
        with patch.object(upgrading, "partial", side_effect=_Interrupted), pytest.raises(_Interrupted):
            await upgrading.upgrade_room(world.commands, anna.asker, room, "12", ())
        assert ("m.room.tombstone", "") not in await contents(anna, room)
        assert (await anna.get(f"/directory/room/%23hall:{SERVER}")).ok()["room_id"] == room
        (begun,) = set((await anna.get("/joined_rooms")).ok()["joined_rooms"]) - {room}
        (await boris.post(f"/join/{begun}")).refused(403, "M_FORBIDDEN")
        await world.restart()
        assert await upgraded(anna, room, "12") == begun
    state = await contents(anna, begun)
    assert sum(content.get("membership") == "ban" for content in state.values()) == 7
    assert (await anna.get(f"/directory/room/%23hall:{SERVER}")).ok()["room_id"] == begun
    (await boris.post(f"/join/{begun}")).ok()


async def test_asking_twice_at_once_closes_the_room_once(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    for number in range(5):
        (await anna.post(f"/rooms/{room}/ban", {"user_id": f"@spammer{number}:{SERVER}"})).ok()
    with patch.object(upgrading, "COPIED_AT_ONCE", 1):
        asking = [anna.begin("POST", f"/rooms/{room}/upgrade", {"new_version": "11"}) for _ in range(3)]
        (new,) = {(await one.answer()).ok()["replacement_room"] for one in asking}
    for where, kind, times in ((room, "m.room.tombstone", 1), (room, "m.room.power_levels", 2), (new, JOIN_RULES, 1)):
        assert [event["type"] for event in await log(anna, where)].count(kind) == times


class _Interrupted(Exception):
    """Stands for the end of the process."""


async def test_a_room_made_by_hand_is_not_taken_for_an_unfinished_replacement(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    by_hand = await found(anna, creation_content={"predecessor": {"room_id": room}})
    assert await upgraded(anna, room, "11") != by_hand


async def test_a_space_takes_its_rooms_along(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna, creation_content={"type": "m.space"})
    for number in range(5):
        await put_state(anna, room, "m.space.child", {"via": [SERVER], "order": str(number)}, f"!{number}:{SERVER}")
    with patch.object(upgrading, "COPIED_AT_ONCE", 2):
        state = await contents(anna, await upgraded(anna, room, "12"))
    assert state["m.room.create", ""]["type"] == "m.space"
    children = {key: content["order"] for (kind, key), content in state.items() if kind == "m.space.child"}
    assert children == {f"!{number}:{SERVER}": str(number) for number in range(5)}


async def test_the_picture_can_be_seen_in_the_new_room(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(boris, anna, power_level_content_override={"users": {anna.user: 100, boris.user: 100}})
    uri = (await boris.post("/_matrix/media/v3/upload", {"a": "picture"})).ok()["content_uri"]
    await put_state(boris, room, "m.room.avatar", {"url": uri})
    new = await upgraded(anna, room, "12")
    path = f"/_matrix/client/v1/media/download/{uri.removeprefix('mxc://')}"
    assert (await carla.get(path)).status == 404
    (await anna.post(f"/rooms/{new}/invite", {"user_id": carla.user})).ok()
    (await carla.post(f"/join/{new}")).ok()
    assert (await carla.get(path)).status == 200


async def test_settings_follow_whoever_joins(world: World) -> None:
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    room = await found(anna, boris, carla, preset="public_chat")
    direct = {anna.user: [room], carla.user: ["!other:veche.test"], "odd": 1}
    for person in (anna, boris, dmitri):
        (await person.put(f"/user/{person.user}/rooms/{room}/tags/m.favourite", {"order": 0.5})).ok()
        (await person.put(f"/user/{person.user}/account_data/m.direct", direct)).ok()
        (await person.put(f"/pushrules/global/room/{room}", {"actions": []})).ok()
        rule = {"actions": [], "conditions": [{"kind": "event_match", "key": "room_id", "pattern": room}]}
        (await person.put(f"/pushrules/global/override/{room}", rule)).ok()
    new = await upgraded(anna, room, "12")
    for person in (boris, carla, dmitri):
        (await person.post(f"/join/{new}")).ok()
    for person in (anna, boris):
        tags = (await person.get(f"/user/{person.user}/rooms/{new}/tags")).ok()
        assert tags == {"tags": {"m.favourite": {"order": 0.5}}}
        now = (await person.get(f"/user/{person.user}/account_data/m.direct")).ok()
        assert now == {**direct, anna.user: [room, new]}
        assert (await person.get(f"/pushrules/global/room/{new}")).ok()["actions"] == []
        override = (await person.get(f"/pushrules/global/override/{new}")).ok()
        assert override["conditions"] == [{"kind": "event_match", "key": "room_id", "pattern": new}]
    for person in (carla, dmitri):
        assert (await person.get(f"/user/{person.user}/rooms/{new}/tags")).ok() == {"tags": {}}
        (await person.get(f"/pushrules/global/room/{new}")).refused(404, "M_NOT_FOUND")
    await say(anna, new, "quiet")
    counts = (await boris.get("/sync")).ok()["rooms"]["join"][new]["unread_notifications"]
    assert counts["notification_count"] == 0


async def test_a_room_cannot_claim_to_replace_another(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    (await boris.put(f"/user/{boris.user}/rooms/{room}/tags/m.favourite", {})).ok()
    for claimed in (room, "!no:veche.test", 1, None, "\u0000"):
        claim = {"predecessor": {"room_id": claimed}}
        new = await found(anna, boris, creation_content=claim)
        assert (await boris.get(f"/user/{boris.user}/rooms/{new}/tags")).ok() == {"tags": {}}
    await found(anna, boris, creation_content={"predecessor": room})


async def test_newcomers_find_the_replacement(world: World) -> None:
    anna = await world.person(ANNA, role="administrator")
    room = await found(anna, preset="public_chat")
    token = (await anna.post("/_veche/v1/registration_tokens", {"rooms": [room]})).ok()
    new = await upgraded(anna, room, "12")
    (listed,) = (await anna.get("/_veche/v1/registration_tokens")).ok()["registration_tokens"]
    assert listed["token"] == token["token"]
    assert listed["rooms"] == [new]
