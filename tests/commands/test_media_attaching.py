"""Who may read a file through what refers to it: events, profiles, rooms' pictures; and what ends that."""

from functools import partial

import pytest

from tests.cast import ANNA, BORIS, CARLA, DMITRI
from tests.stage.media import announce, fetch, fill, id_of, may_fetch, picture, stored, upload
from tests.stage.rooms import come, found, put_state, redact, say, send
from tests.stage.world import Person, World
from veche.commands import media as commands
from veche.commands.accounts import deactivate_account
from veche.domain.ids import RoomId
from veche.domain.media import File, Usage
from veche.domain.sessions import OPERATOR
from veche.storage.media import files
from veche.storage.reader import Snapshot

VISIBILITY = "m.room.history_visibility"


async def row(world: World, uri: str) -> File:
    """The file's row."""
    one = await world.queries.reader.run(lambda at: files.find(at, id_of(uri)))
    assert one is not None
    return one


async def readers(uri: str, *people: Person) -> list[bool]:
    """Who of these people is given the file."""
    return [await may_fetch(person, uri) for person in people]


async def test_a_loose_file_is_for_those_who_share_a_room_with_its_owner(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    uri = await upload(anna)
    assert await readers(uri, anna, boris, carla) == [True, False, False]
    room = await found(anna, boris, invite=[carla.user])
    assert await readers(uri, anna, boris, carla) == [True, True, False]
    await send(anna, room, "m.room.encrypted", {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "hidden"})
    assert await readers(uri, boris) == [True], "what an encrypted room carries stays loose"
    (await boris.post(f"/rooms/{room}/leave")).ok()
    assert await readers(uri, anna, boris) == [True, False]


@pytest.mark.parametrize("ending", ["leave", "kick", "ban", "deactivate", "come back and go", "turn down", "unban"])
async def test_a_loose_file_outlives_its_owners_stay(world: World, ending: str) -> None:
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    room = await found(anna, boris, carla)
    uri = await upload(boris)
    world.clock.advance(ms=1)
    await _end(world, ending, anna, boris, room)
    assert await readers(uri, anna, carla, dmitri) == [True, True, False]
    (await carla.post(f"/rooms/{room}/leave")).ok()
    assert await readers(uri, anna, carla) == [True, False], "whoever leaves the room loses it"
    await come(anna, dmitri, room)
    assert await readers(uri, dmitri) == [True], "who comes later may be given the keys"
    await world.restart()
    assert await readers(uri, anna, carla) == [True, False]


async def _end(world: World, ending: str, anna: Person, boris: Person, room: RoomId) -> None:
    """Let Boris go, in one of many ways."""
    if ending in ("kick", "ban", "unban"):
        done = "ban" if ending == "unban" else ending
        (await anna.post(f"/rooms/{room}/{done}", {"user_id": boris.user})).ok()
    elif ending == "deactivate":
        await deactivate_account(world.commands, OPERATOR, boris.user, erases=True)
    else:
        (await boris.post(f"/rooms/{room}/leave")).ok()
    if ending == "come back and go":
        await come(anna, boris, room)
        (await boris.post(f"/rooms/{room}/leave")).ok()
    elif ending == "turn down":
        (await anna.post(f"/rooms/{room}/invite", {"user_id": boris.user})).ok()
        (await boris.post(f"/rooms/{room}/leave")).ok()
    elif ending == "unban":
        (await anna.post(f"/rooms/{room}/unban", {"user_id": boris.user})).ok()


async def test_what_comes_after_its_owner_left_is_not_for_those_who_stayed(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    left, invited, banned = await found(anna, boris), await found(anna), await found(anna, boris)
    (await boris.post(f"/rooms/{left}/leave")).ok()
    (await anna.post(f"/rooms/{banned}/ban", {"user_id": boris.user})).ok()
    world.clock.advance(ms=1)
    uri = await upload(boris)
    assert await readers(uri, anna, boris) == [False, True]
    world.clock.advance(ms=1)
    (await anna.post(f"/rooms/{banned}/unban", {"user_id": boris.user})).ok()
    for room in (left, invited, banned):
        (await anna.post(f"/rooms/{room}/invite", {"user_id": boris.user})).ok()
        assert await readers(uri, anna) == [False], "an invitation is no stay"
        (await boris.post(f"/rooms/{room}/leave")).ok()
        assert await readers(uri, anna) == [False], "nor is turning it down the end of one"
    await come(anna, boris, left)
    assert await readers(uri, anna, carla) == [True, False]


async def test_an_attached_file_is_for_the_rooms_members(world: World) -> None:
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    room, other = await found(anna, boris), await found(anna, carla)
    uri = await upload(anna)
    assert await readers(uri, boris, carla) == [True, True]
    event = await send(anna, room, "m.room.message", picture(uri))
    assert await readers(uri, anna, boris, carla, dmitri) == [True, True, False, False]
    await send(anna, other, "m.room.message", picture(uri))
    assert await readers(uri, boris, carla, dmitri) == [True, True, False]
    await come(anna, dmitri, room)
    assert await readers(uri, dmitri) == [True], "history is shared"
    await redact(anna, room, event)
    assert await readers(uri, anna, boris, carla, dmitri) == [True, False, True, False]


@pytest.mark.parametrize("ending", ["leave", "kick", "ban", "forget"])
async def test_leaving_ends_it(world: World, ending: str) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    uri = await upload(anna)
    await send(anna, room, "m.room.message", picture(uri))
    own = await upload(boris)
    await send(boris, room, "m.room.message", picture(own))
    assert await readers(uri, boris) == [True]
    if ending in ("kick", "ban"):
        (await anna.post(f"/rooms/{room}/{ending}", {"user_id": boris.user})).ok()
    else:
        (await boris.post(f"/rooms/{room}/leave")).ok()
    if ending == "forget":
        (await boris.post(f"/rooms/{room}/forget")).ok()
    assert await readers(uri, anna, boris) == [True, False]
    assert await readers(own, anna, boris) == [True, True], "what is one's own stays one's own"
    await world.restart()
    assert await readers(uri, boris) == [False]
    if ending == "leave":
        await come(anna, boris, room)
        assert await readers(uri, boris) == [True]


@pytest.mark.parametrize(("setting", "sees"), [("shared", True), ("invited", False), ("joined", False)])
async def test_what_was_sent_before_one_came_is_seen_as_the_room_allows(world: World, setting: str, sees: bool) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    state = [{"type": VISIBILITY, "content": {"history_visibility": setting}}]
    room = await found(anna, initial_state=state)
    early, late = await upload(anna), await upload(anna)
    await send(anna, room, "m.room.message", picture(early))
    await come(anna, boris, room)
    await send(anna, room, "m.room.message", picture(late))
    assert await readers(early, anna, boris) == [True, sees]
    assert await readers(late, boris) == [True]
    await send(boris, room, "m.room.message", picture(early))
    assert await readers(early, boris) == [sees], "referring to it gives nobody anything"
    (await boris.post(f"/rooms/{room}/leave")).ok()
    await come(anna, boris, room)
    assert await readers(late, boris) == [True], "it came while they were there before"


async def test_what_the_world_may_read(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, preset="public_chat")
    before, open_one, after = [await upload(anna, bytes([number])) for number in range(3)]
    await send(anna, room, "m.room.message", picture(before))
    await put_state(anna, room, VISIBILITY, {"history_visibility": "world_readable"})
    await send(anna, room, "m.room.message", picture(open_one))
    await put_state(anna, room, VISIBILITY, {"history_visibility": "joined"})
    await send(anna, room, "m.room.message", picture(after))
    assert [await may_fetch(boris, uri) for uri in (before, open_one, after)] == [False, True, False]


async def test_a_strangers_event_gives_nobody_anything(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    secret, loose = await upload(anna), await upload(anna)
    await send(anna, await found(anna), "m.room.message", picture(secret))
    trap = await found(boris, carla, preset="public_chat")
    await put_state(boris, trap, VISIBILITY, {"history_visibility": "world_readable"})
    for uri in (secret, loose):
        await send(boris, trap, "m.room.message", picture(uri))
        await put_state(boris, trap, "m.room.avatar", {"url": uri})
        await put_state(boris, trap, "m.room.member", {"membership": "join", "avatar_url": uri}, boris.user)
        (await boris.put(f"/profile/{boris.user}/avatar_url", {"avatar_url": uri})).ok()
        assert await readers(uri, boris, carla) == [False, False]
        assert await readers(uri, anna) == [True]
    await redact(boris, trap, await send(boris, trap, "m.room.message", picture(secret)))
    (await boris.delete(f"/profile/{boris.user}/avatar_url")).ok()
    assert await readers(secret, anna) == [True]


async def test_nobody_else_can_take_a_file_from_those_who_may_read_it(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    await found(anna, boris, carla)
    own = await found(boris)
    uri = await upload(anna)
    event = await send(boris, own, "m.room.message", picture(uri))
    assert await readers(uri, anna, boris, carla) == [True, True, True], "to its owner's sharers it is still loose"
    await redact(boris, own, event)
    (await boris.put(f"/profile/{boris.user}/avatar_url", {"avatar_url": uri})).ok()
    (await boris.delete(f"/profile/{boris.user}/avatar_url")).ok()
    assert await readers(uri, anna, boris, carla) == [True, True, True], "nor is it destroyed by taking it back"


async def test_whoever_may_read_a_file_may_pass_it_on(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    first, second = await found(anna, boris), await found(boris, carla)
    uri = await upload(anna)
    original = await send(anna, first, "m.room.message", picture(uri))
    forwarded = await send(boris, second, "m.room.message", picture(uri))
    assert await readers(uri, carla) == [True]
    await redact(boris, second, forwarded)
    assert await readers(uri, anna, boris, carla) == [True, True, False], "its owner shows it still"
    await send(boris, second, "m.room.message", picture(uri))
    (await boris.put(f"/profile/{boris.user}/avatar_url", {"avatar_url": uri})).ok()
    await redact(anna, first, original)
    assert await readers(uri, anna, boris, carla) == [False, False, False], "passing on keeps nothing alive"


async def test_a_file_that_its_owner_shows_twice_ends_with_the_second(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    uri = await upload(anna)
    first, second = [await send(anna, room, "m.room.message", picture(uri)) for _ in range(2)]
    await redact(anna, room, first)
    assert await readers(uri, boris) == [True]
    (await anna.put(f"/profile/{anna.user}/avatar_url", {"avatar_url": uri})).ok()
    await redact(anna, room, second)
    assert await readers(uri, boris) == [True], "it is in its owner's profile"


async def test_redacting_the_last_event_removes_the_file(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    uri, twin = await upload(boris), await upload(anna)
    event = await send(boris, room, "m.room.message", picture(uri))
    assert await world.queries.reader.run(lambda at: files.usage(at, boris.user)) == Usage(1, 10)
    await redact(anna, room, event)
    assert (await row(world, uri)).removed_ts is not None
    assert await readers(uri, anna, boris) == [False, False]
    assert await world.queries.reader.run(lambda at: files.usage(at, boris.user)) == Usage()
    assert await commands.delete_removed(world.commands) == 1
    assert len(await stored(world)) == 1, "another file has the same contents"
    assert await readers(twin, anna) == [True]
    await redact(anna, room, await send(anna, room, "m.room.message", picture(twin)))
    assert await commands.delete_removed(world.commands) == 1
    assert await stored(world) == []
    assert await commands.delete_removed(world.commands) == 0


async def test_files_may_stand_anywhere_in_an_event(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    main, thumb, deep, edited = [await upload(anna, bytes([number])) for number in range(4)]
    content = {**picture(main), "info": {"thumbnail_url": thumb, "more": [{"deep": f"see {deep}!"}]}}
    event = await send(anna, room, "m.room.message", content)
    edit = {
        "m.new_content": picture(edited),
        "m.relates_to": {"rel_type": "m.replace", "event_id": event},
        **picture(edited),
    }
    await send(anna, room, "m.room.message", edit)
    for uri in (main, thumb, deep, edited):
        assert not (await row(world, uri)).is_loose
        assert await readers(uri, boris) == [True]
    await redact(anna, room, event)
    assert [await readers(uri, boris) for uri in (main, thumb, deep, edited)] == [[False]] * 3 + [[True]]


async def test_names_of_unknown_files_do_no_harm(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    uri = await upload(anna)
    many = [f"mxc://veche.test/{'x' * 24}{number}" for number in range(900)]
    await send(anna, room, "org.example.list", {"urls": ["mxc://", "mxc://veche.test/", "mxc://other/x", *many]})
    await say(anna, room, f"{uri} twice: {uri}")
    assert not (await row(world, uri)).is_loose


async def test_a_file_may_be_shown_before_it_is_uploaded(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(anna, boris)
    uri = await announce(anna)
    await send(anna, room, "m.room.message", picture(uri))
    (await fetch(boris, uri, timeout_ms=0)).refused(504, "M_NOT_YET_UPLOADED")
    (await fetch(carla, uri, timeout_ms=0)).refused(404, "M_NOT_FOUND")
    (await fill(anna, uri)).ok()
    assert await readers(uri, boris, carla) == [True, False]


async def test_the_picture_of_a_profile_is_for_everybody_while_it_is_there(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    first, second = await upload(anna, b"1"), await upload(anna, b"2")
    path = f"/profile/{anna.user}/avatar_url"
    (await anna.put(path, {"avatar_url": first})).ok()
    assert await readers(first, anna, boris) == [True, True]
    (await anna.put(path, {"avatar_url": first})).ok()
    assert await readers(first, anna, boris) == [True, True]
    (await anna.put(path, {"avatar_url": second})).ok()
    assert await readers(first, anna, boris) == [False, False], "shown nowhere any more"
    assert await readers(second, boris) == [True]
    room = await found(anna)
    await send(anna, room, "m.room.message", picture(second))
    (await anna.put(path, {"avatar_url": ""})).ok()
    assert await readers(second, anna, boris) == [True, False]


async def test_a_profile_that_is_erased_shows_nothing(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    uri = await upload(anna)
    (await anna.put(f"/profile/{anna.user}/avatar_url", {"avatar_url": uri})).ok()
    assert await readers(uri, boris) == [True]
    proof = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": "anna"}}
    auth = {**proof, "password": "anna's own password"}
    (await anna.post("/account/deactivate", {"auth": auth, "erase": True})).ok()
    assert await readers(uri, boris) == [False]


async def test_the_picture_of_a_room(world: World) -> None:
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    state = [{"type": "m.room.join_rules", "content": {"join_rule": "knock"}}]
    room = await found(anna, initial_state=state, invite=[boris.user])
    (await carla.post(f"/knock/{room}")).ok()
    old, new = await upload(anna, b"1"), await upload(anna, b"2")
    await put_state(anna, room, "m.room.avatar", {"url": old})
    assert await readers(old, boris, carla, dmitri) == [True, True, True], "all may knock, so all are shown the room"
    await put_state(anna, room, "m.room.avatar", {"url": new})
    assert await readers(old, anna, boris, carla) == [True, False, False], "only the present one is shown at the door"
    await put_state(anna, room, "m.room.join_rules", {"join_rule": "invite"})
    assert await readers(new, boris, carla, dmitri) == [True, True, False]
    (await anna.put(f"/directory/list/room/{room}", {"visibility": "public"})).ok()
    assert await readers(new, dmitri) == [True], "the directory shows it"
    assert await readers(old, dmitri) == [False]
    (await anna.put(f"/directory/list/room/{room}", {"visibility": "private"})).ok()
    (await anna.post(f"/rooms/{room}/kick", {"user_id": boris.user})).ok()
    assert await readers(new, boris, carla, dmitri) == [False, True, False]


async def test_the_picture_of_a_room_for_members_of_a_space(world: World) -> None:
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    space = await found(anna, boris, carla, invite=[dmitri.user])
    rule = {"join_rule": "restricted", "allow": [{"type": "m.room_membership", "room_id": space}]}
    room = await found(anna, initial_state=[{"type": "m.room.join_rules", "content": rule}])
    uri = await upload(anna)
    await put_state(anna, room, "m.room.avatar", {"url": uri})
    assert await readers(uri, boris, carla, dmitri) == [True, True, False], (
        "who is only invited to the space is outside"
    )
    (await boris.post(f"/rooms/{space}/leave")).ok()
    (await anna.post(f"/rooms/{room}/ban", {"user_id": carla.user})).ok()
    assert await readers(uri, boris, carla) == [False, False]


async def test_pictures_of_members_are_for_the_invited(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    uri, message = await upload(anna, b"1"), await upload(anna, b"2")
    state = [{"type": "m.room.join_rules", "content": {"join_rule": "knock"}}]
    room = await found(anna, initial_state=state, invite=[boris.user])
    (await carla.post(f"/knock/{room}")).ok()
    await put_state(anna, room, "m.room.member", {"membership": "join", "avatar_url": uri}, anna.user)
    await send(anna, room, "m.room.message", picture(message))
    assert await readers(uri, boris, carla) == [True, False]
    assert await readers(message, boris, carla) == [False, False]
    await put_state(anna, room, "m.room.member", {"membership": "join"}, anna.user)
    assert await readers(uri, anna, boris) == [True, False]


async def test_a_message_that_looks_like_a_picture_of_a_room_is_none(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, invite=[boris.user])
    uri = await upload(anna)
    await send(anna, room, "m.room.avatar", {"url": uri})
    assert await readers(uri, boris) == [False]


async def test_many_events_of_one_file(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    state = [{"type": VISIBILITY, "content": {"history_visibility": "joined"}}]
    uri = await upload(anna)
    rooms = [await found(anna, initial_state=state) for _ in range(20)]
    for room in rooms:
        for _ in range(3):
            await send(anna, room, "m.room.message", picture(uri))
        await come(anna, boris, room)
    assert await readers(uri, boris, carla) == [False, False]
    await send(anna, rooms[7], "m.room.message", picture(uri))
    assert await readers(uri, boris, carla) == [True, False]
    (await anna.delete(f"/_veche/v1/media/files/{id_of(uri)}")).ok()
    assert await commands.delete_removed(world.commands) == 1
    left = await world.queries.reader.run(partial(_attachments))
    assert left == 0


def _attachments(at: Snapshot) -> int:
    return int(at.all("SELECT COUNT(*) FROM media_in_rooms")[0][0])
