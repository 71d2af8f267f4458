"""What is read of rooms and people for those who look for them, on both engines."""

import pytest

from tests.cast import ANNA, BORIS, CARLA, DMITRI, ELENA
from tests.stage.rooms import found, put_state
from tests.stage.world import World
from veche.domain.events import JOIN_RULES, NAME, TOPIC
from veche.domain.ids import RoomId, UserId
from veche.storage import directory
from veche.storage.directory import people
from veche.storage.reader import Snapshot

NOWHERE = RoomId("!nowhere:veche.test")


async def test_faces_versions_and_counts_of_many_rooms(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    hall = await found(anna, boris, name="Hall", topic="x" * 5_000, room_version="10")
    bare = await found(anna, room_version="12")
    await put_state(anna, hall, NAME, {"name": "of another key"}, "key")
    await put_state(anna, hall, "m.space.child", {"via": ["x"]}, bare)
    empty = await found(anna)
    (await anna.post(f"/rooms/{empty}/leave")).ok()
    rooms = [hall, bare, empty, NOWHERE]

    def read(at: Snapshot) -> None:
        faces = directory.faces(at, rooms, (NAME, TOPIC))
        assert faces == {hall: {NAME: {"name": "Hall"}, TOPIC: faces[hall][TOPIC]}}
        assert faces[hall][TOPIC]["topic"] == "x" * 5_000
        assert directory.faces(at, rooms, (JOIN_RULES,)).keys() == {hall, bare, empty}
        assert directory.faces(at, [], (NAME,)) == {}
        assert directory.frames(at, rooms) == {hall: ("10", 2), bare: ("12", 1), empty: ("11", 0)}
        [(space, event)] = directory.children(at, rooms)
        assert space == hall
        assert f'"state_key":"{bare}"'.encode() in event

    await world.queries.reader.run(read)


async def test_the_rooms_that_are_listed(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await found(anna)
    large, empty = await found(anna, boris, visibility="public"), await found(boris, visibility="public")
    (await boris.post(f"/rooms/{empty}/leave")).ok()
    assert await world.queries.reader.run(directory.published) == {large: ("11", 2), empty: ("11", 0)}


async def test_everybody_with_their_names(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    (await boris.put(f"/profile/{boris.user}/displayname", {"displayname": "Борис"})).ok()
    body = {"auth": {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": carla.user}}}
    body["auth"]["password"] = "carla's own password"
    (await carla.post("/account/deactivate", body)).ok()
    known = dict(await world.queries.reader.run(directory.everybody))
    assert known == {anna.user: None, boris.user: "Борис"}


async def test_the_small_rooms_that_somebody_joined_last(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, boris, carla, dmitri, elena = await world.people(ANNA, BORIS, CARLA, DMITRI, ELENA)
    old = await found(boris, anna)
    await found(anna, boris, carla, dmitri, elena)
    team, alone = await found(anna, boris, carla), await found(anna)
    left = await found(boris, anna)
    (await anna.post(f"/rooms/{left}/leave")).ok()
    (await boris.post(f"/rooms/{team}/invite", {"user_id": dmitri.user})).ok()

    def read(at: Snapshot) -> None:
        def close(most: int) -> dict[RoomId, list[UserId]]:
            return {room: sorted(them) for room, them in directory.close_rooms(at, anna.user, most).items()}

        small = {old: [anna.user, boris.user], team: [anna.user, boris.user, carla.user], alone: [anna.user]}
        assert close(3) == small
        assert close(2) == {room: them for room, them in small.items() if room != team}
        assert len(close(5)) == 4
        assert (close(1), close(0)) == ({alone: [anna.user]}, {})
        assert directory.close_rooms(at, UserId("@nobody:veche.test"), 3) == {}

    await world.queries.reader.run(read)
    monkeypatch.setattr(people, "LATEST", 2)
    found_rooms = await world.queries.reader.run(lambda at: directory.close_rooms(at, anna.user, 9))
    assert found_rooms.keys() == {team, alone}


async def test_rooms_that_people_are_in_and_share(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    both, own = await found(anna, boris), await found(boris, invite=[anna.user])
    one = await found(anna, boris)

    def read(at: Snapshot) -> None:
        assert sorted(directory.rooms_of(at, [anna.user, boris.user])) == sorted(
            [(anna.user, both), (anna.user, one), (boris.user, both), (boris.user, one), (boris.user, own)]
        )
        assert directory.mutual_rooms(at, anna.user, boris.user) == sorted([both, one])
        assert directory.mutual_rooms(at, anna.user, carla.user) == []

    await world.queries.reader.run(read)
