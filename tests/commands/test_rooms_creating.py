"""Creating rooms: what stands in them from the beginning, and that nothing stands anywhere where one was refused."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA, SERVER
from tests.stage.people import Person
from tests.stage.rooms import Event, found, log, membership, rows_of, say
from tests.stage.world import World
from veche.commands.rooms.creating import MOST_INVITED
from veche.domain.ids import RoomId

VERSIONS = ("10", "11", "12")
PRESETS = {
    "private_chat": ("invite", "shared", "can_join"),
    "trusted_private_chat": ("invite", "shared", "can_join"),
    "public_chat": ("public", "shared", "forbidden"),
}


async def contents(person: Person, room: RoomId) -> dict[str, Event]:
    """The room's state by type, without the members."""
    events = (await person.get(f"/rooms/{room}/state")).ok()
    return {event["type"]: event["content"] for event in events if event["type"] != "m.room.member"}


async def refused(world: World, person: Person, wish: object, status: int, code: str) -> str:
    """Ask for a room that cannot be; return the sentence that says why. Nothing is left of the attempt."""
    before = await rows_of(world)
    error = (await person.post("/createRoom", wish)).refused(status, code)["error"]
    assert await rows_of(world) == before
    assert (await person.get("/joined_rooms")).ok() == {"joined_rooms": []}
    return str(error)


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_room_begins_with_these_events_in_this_order(world: World, version: str) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    wish = {
        "room_version": version,
        "room_alias_name": "kitchen",
        "initial_state": [{"type": "org.example.first", "content": {"a": 1}, "state_key": "k"}],
        "name": "Kitchen",
        "topic": "What there is to eat",
        "invite": [boris.user],
    }
    room = await found(anna, **wish)
    events = await log(anna, room)
    assert [(event["type"], event["state_key"]) for event in events] == [
        ("m.room.create", ""),
        ("m.room.member", anna.user),
        ("m.room.power_levels", ""),
        ("m.room.canonical_alias", ""),
        ("m.room.join_rules", ""),
        ("m.room.history_visibility", ""),
        ("m.room.guest_access", ""),
        ("org.example.first", "k"),
        ("m.room.name", ""),
        ("m.room.topic", ""),
        ("m.room.member", boris.user),
    ]
    assert {event["sender"] for event in events} == {anna.user}
    assert events[0]["content"] == {"room_version": version} | ({"creator": anna.user} if version == "10" else {})
    assert events[3]["content"] == {"alias": f"#kitchen:{SERVER}"}
    assert events[8]["content"] == {"name": "Kitchen"}
    assert events[9]["content"]["topic"] == "What there is to eat"
    assert events[9]["content"]["m.topic"] == {"m.text": [{"body": "What there is to eat"}]}
    assert events[10]["content"]["membership"] == "invite"


async def test_the_default_version_is_eleven(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    assert (await contents(anna, room))["m.room.create"] == {"room_version": "11"}
    assert room.startswith("!")
    assert room.endswith(f":{SERVER}")


async def test_a_room_of_version_12_is_named_by_its_first_event(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris, room_version="12")
    create = (await log(boris, room))[0]
    assert room == "!" + create["event_id"][1:]
    assert create["room_id"] == room
    await say(boris, room, "in a room without a server")
    await world.restart()
    assert await say(boris, room) in {event["event_id"] for event in await log(anna, room)}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", PRESETS)
async def test_presets(world: World, name: str, version: str) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, preset=name, room_version=version, invite=[boris.user])
    state = await contents(anna, room)
    shown = (
        state["m.room.join_rules"]["join_rule"],
        state["m.room.history_visibility"]["history_visibility"],
        state["m.room.guest_access"]["guest_access"],
    )
    assert shown == PRESETS[name]
    powerful = [anna.user, *([boris.user] if name == "trusted_private_chat" else [])]
    if version == "12":
        assert state["m.room.power_levels"]["users"] == {}
        assert state["m.room.create"].get("additional_creators", []) == powerful[1:]
    else:
        assert state["m.room.power_levels"]["users"] == dict.fromkeys(powerful, 100)
        assert "additional_creators" not in state["m.room.create"]


async def test_version_12_lets_nobody_but_creators_close_the_room(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris, room_version="12")
    levels = (await contents(anna, room))["m.room.power_levels"]
    assert levels["events"]["m.room.tombstone"] > levels["state_default"]
    (await anna.put(f"/rooms/{room}/state/m.room.power_levels", {**levels, "users": {boris.user: 100}})).ok()
    closing = {"body": "moved", "replacement_room": room}
    (await boris.put(f"/rooms/{room}/state/m.room.tombstone", closing)).refused(403, "M_FORBIDDEN")
    (await anna.put(f"/rooms/{room}/state/m.room.tombstone", closing)).ok()


@pytest.mark.parametrize(
    ("wish", "named", "visibility"),
    [
        ({}, "invite", "private"),
        ({"visibility": "public"}, "public", "public"),
        ({"visibility": "private"}, "invite", "private"),
    ],
)
async def test_without_a_preset_the_visibility_chooses_one(
    world: World, wish: Event, named: str, visibility: str
) -> None:
    anna = await world.person(ANNA)
    room = await found(anna, **wish)
    assert (await contents(anna, room))["m.room.join_rules"] == {"join_rule": named}
    assert (await anna.get(f"/directory/list/room/{room}")).ok() == {"visibility": visibility}


async def test_creation_content_is_kept_but_for_what_the_server_says(world: World) -> None:
    anna = await world.person(ANNA)
    given = {"m.federate": False, "type": "m.space", "creator": "@eve:elsewhere", "room_version": "1"}
    create = (await contents(anna, await found(anna, creation_content=given)))["m.room.create"]
    assert create == {"m.federate": False, "type": "m.space", "room_version": "11"}


async def test_additional_creators_of_version_12(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    given = {"additional_creators": [boris.user]}
    wish = {"room_version": "12", "preset": "trusted_private_chat", "invite": [boris.user, carla.user]}
    room = await found(anna, **wish, creation_content=given)
    assert (await contents(anna, room))["m.room.create"]["additional_creators"] == [boris.user, carla.user]
    (await boris.post(f"/rooms/{room}/join")).ok()
    (await boris.put(f"/rooms/{room}/state/m.room.name", {"name": "mine too"})).ok()
    wrong = {"room_version": "12", "creation_content": {"additional_creators": ["nobody"]}}
    error = (await anna.post("/createRoom", wrong)).refused(400, "M_INVALID_PARAM")
    assert "additional_creators" in error["error"]


async def test_power_levels_are_laid_over_the_default_ones(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    over = {"events_default": 10, "users": {anna.user: 100, boris.user: 10}, "notifications": {"room": 20}}
    room = await found(anna, boris, power_level_content_override=over)
    levels = (await contents(anna, room))["m.room.power_levels"]
    assert {name: levels[name] for name in over} == over
    assert levels["state_default"] == 50
    await say(boris, room)


async def test_initial_state_comes_before_the_preset_and_behind_name_and_topic(world: World) -> None:
    anna = await world.person(ANNA)
    initial = [
        {"type": "m.room.join_rules", "content": {"join_rule": "knock"}},
        {"type": "m.room.name", "content": {"name": "overwritten"}},
        {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}},
    ]
    room = await found(anna, preset="public_chat", initial_state=initial, name="Cellar")
    events = [event["type"] for event in await log(anna, room)]
    assert events.count("m.room.join_rules") == 1
    assert events.index("m.room.join_rules") > events.index("m.room.guest_access")
    state = await contents(anna, room)
    assert state["m.room.join_rules"] == {"join_rule": "knock"}
    assert state["m.room.name"] == {"name": "Cellar"}
    assert state["m.room.encryption"]["algorithm"] == "m.megolm.v1.aes-sha2"


async def test_an_alias_leads_to_the_new_room_and_is_given_once(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna, room_alias_name="kitchen")
    answer = (await anna.get(f"/directory/room/%23kitchen%3A{SERVER}")).ok()
    assert answer == {"room_id": room, "servers": [SERVER]}
    before = await rows_of(world)
    (await anna.post("/createRoom", {"room_alias_name": "kitchen"})).refused(400, "M_ROOM_IN_USE")
    assert await rows_of(world) == before


async def test_invitations_show_who_is_invited_and_to_a_direct_conversation(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    (await boris.put(f"/profile/{boris.user}/displayname", {"displayname": "Boris"})).ok()
    room = await found(anna, is_direct=True, invite=[boris.user, carla.user, boris.user])
    assert await membership(anna, room, boris) == {"displayname": "Boris", "is_direct": True, "membership": "invite"}
    assert await membership(anna, room, carla) == {"is_direct": True, "membership": "invite"}
    assert [event["state_key"] for event in await log(anna, room) if event["type"] == "m.room.member"] == [
        anna.user,
        boris.user,
        carla.user,
    ]
    plain = await found(anna, invite=[boris.user])
    assert "is_direct" not in await membership(anna, plain, boris)


LONG = "x" * 70_000
INVALID: list[tuple[Any, int, str, str]] = [
    ({"room_version": "1"}, 400, "M_UNSUPPORTED_ROOM_VERSION", "Room version 1"),
    ({"room_version": "org.example.odd"}, 400, "M_UNSUPPORTED_ROOM_VERSION", "org.example.odd"),
    ({"preset": "loud_chat"}, 400, "M_INVALID_PARAM", "loud_chat"),
    ({"visibility": "hidden"}, 400, "M_INVALID_PARAM", "visibility"),
    ({"room_alias_name": "a:b"}, 400, "M_INVALID_PARAM", "room_alias_name"),
    ({"room_alias_name": ""}, 400, "M_INVALID_PARAM", "alias"),
    ({"room_alias_name": "a\x00"}, 400, "M_INVALID_PARAM", "alias"),
    ({"room_alias_name": "a" * 250}, 400, "M_INVALID_PARAM", "alias"),
    ({"invite": ["boris"]}, 400, "M_INVALID_PARAM", "'boris'"),
    ({"invite": ["@nobody:veche.test"]}, 400, "M_INVALID_PARAM", "@nobody:veche.test"),
    ({"invite": ["@bo\x00ris:veche.test"]}, 400, "M_INVALID_PARAM", "user id"),
    ({"invite": [f"@user{n}:veche.test" for n in range(MOST_INVITED + 1)]}, 400, "M_INVALID_PARAM", str(MOST_INVITED)),
    ({"invite": ["@anna:veche.test"]}, 403, "M_FORBIDDEN", "already in the room"),
    ({"invite_3pid": [{"medium": "email"}]}, 403, "M_THREEPID_DENIED", "user id"),
    ({"name": LONG}, 400, "M_INVALID_ROOM_STATE", "m.room.name"),
    ({"initial_state": [{"type": "m.room.create", "content": {}}]}, 400, "M_INVALID_ROOM_STATE", "m.room.create"),
    ({"initial_state": [{"type": "x" * 256, "content": {}}]}, 400, "M_INVALID_ROOM_STATE", "255 bytes"),
    ({"initial_state": [{"type": "x", "state_key": "a\x00", "content": {}}]}, 400, "M_INVALID_ROOM_STATE", "NUL"),
    ({"initial_state": [{"type": "x", "content": {"a": 1.5}}]}, 400, "M_INVALID_ROOM_STATE", "1.5"),
    ({"initial_state": [{"content": {}}]}, 400, "M_MISSING_PARAM", "type"),
    ({"initial_state": [{"type": "x"}]}, 400, "M_MISSING_PARAM", "content"),
    ({"initial_state": {"type": "x", "content": {}}}, 400, "M_BAD_JSON", "initial_state"),
    (
        {"initial_state": [{"type": "m.room.canonical_alias", "content": {"alias": "#other:veche.test"}}]},
        400,
        "M_INVALID_ROOM_STATE",
        "#other:veche.test",
    ),
    (
        {"initial_state": [{"type": "m.room.canonical_alias", "content": {"alt_aliases": [[]]}}]},
        400,
        "M_INVALID_ROOM_STATE",
        "not a room alias",
    ),
    (
        {
            "initial_state": [
                {"type": "m.room.member", "state_key": "@no\x00:x", "content": {"membership": "invite"}},
            ]
        },
        400,
        "M_INVALID_ROOM_STATE",
        "NUL",
    ),
    (
        {
            "initial_state": [
                {"type": "m.room.member", "state_key": "@nobody:veche.test", "content": {"membership": "invite"}}
            ]
        },
        400,
        "M_INVALID_ROOM_STATE",
        "@nobody:veche.test",
    ),
    ({"power_level_content_override": {"ban": "high"}}, 400, "M_INVALID_ROOM_STATE", "ban"),
    ({"power_level_content_override": {"users": {}}, "name": "x"}, 400, "M_INVALID_ROOM_STATE", "needs power level"),
    ({"power_level_content_override": []}, 400, "M_BAD_JSON", "power_level_content_override"),
    ({"creation_content": {"a": 2**53}}, 400, "M_BAD_JSON", "2^53"),
    ({"name": 7}, 400, "M_BAD_JSON", "name"),
]


async def test_rooms_that_cannot_be(world: World) -> None:
    anna = await world.person(ANNA)
    for wish, status, code, said in INVALID:
        assert said in await refused(world, anna, wish, status, code)


async def test_a_refusal_at_the_last_invitation_leaves_nothing(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    over = {"invite": 101}
    wish = {"room_alias_name": "x", "invite": [boris.user], "power_level_content_override": over}
    assert "invite" in await refused(world, anna, wish, 403, "M_FORBIDDEN")
    assert "rooms" not in (await boris.get("/sync")).ok()
    await found(anna, room_alias_name="x")


async def test_a_creator_of_version_12_has_no_level_of_their_own(world: World) -> None:
    anna = await world.person(ANNA)
    wish = {"room_version": "12", "power_level_content_override": {"users": {anna.user: 100}}}
    assert anna.user in await refused(world, anna, wish, 400, "M_INVALID_ROOM_STATE")
