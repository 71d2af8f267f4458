"""Key backups at the door: versions, etags, which key is kept, and session ids with slashes."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS
from tests.stage.asgi import Answer
from tests.stage.world import Person, World

VERSION, KEYS = "/room_keys/version", "/room_keys/keys"
ALGORITHM = "m.megolm_backup.v1.curve25519-aes-sha2"
ROOM, OTHER = "!hall:veche.test", "!yard:veche.test"
SLASHED = "a%2Fb%2B%2F%3D"
DECODED = "a/b+/="


def session(index: int = 0, forwarded: int = 0, *, verified: bool = False, text: str = "sealed") -> dict[str, Any]:
    """A session's key."""
    return {
        "first_message_index": index,
        "forwarded_count": forwarded,
        "is_verified": verified,
        "session_data": {"ciphertext": text, "ephemeral": "e", "mac": "m", "shared_history": True},
    }


async def backup(person: Person) -> str:
    """Make a backup; return its version."""
    version: str = (await person.post(VERSION, {"algorithm": ALGORITHM, "auth_data": {"public_key": "p"}})).ok()[
        "version"
    ]
    return version


async def put(person: Person, version: str, path: str, body: object) -> Answer:
    """Store keys."""
    return await person.call("PUT", KEYS + path, body, version=version)


async def test_a_backup_is_made_described_and_deleted(world: World) -> None:
    anna = await world.person(ANNA)
    (await anna.get(VERSION)).refused(404, "M_NOT_FOUND")
    version = await backup(anna)
    shown = {"algorithm": ALGORITHM, "auth_data": {"public_key": "p"}, "count": 0, "etag": "0", "version": version}
    assert (await anna.get(VERSION)).ok() == (await anna.get(f"{VERSION}/{version}")).ok() == shown
    for _ in range(2):
        assert (await anna.delete(f"{VERSION}/{version}")).ok() == {}
    (await anna.get(VERSION)).refused(404, "M_NOT_FOUND")
    (await anna.get(f"{VERSION}/{version}")).refused(404, "M_NOT_FOUND")
    assert await backup(anna) != version


@pytest.mark.parametrize("version", ["7", "0", "-1", "x", "1x", "%C2%B2", "9" * 40])
async def test_unknown_versions_are_not_found(world: World, version: str) -> None:
    anna = await world.person(ANNA)
    await backup(anna)
    path = f"{VERSION}/{version}"
    (await anna.get(path)).refused(404, "M_NOT_FOUND")
    (await anna.delete(path)).refused(404, "M_NOT_FOUND")
    (await anna.put(path, {"algorithm": ALGORITHM, "auth_data": {}})).refused(404, "M_NOT_FOUND")
    for method in ("GET", "DELETE"):
        (await anna.call(method, f"{KEYS}?version={version}")).refused(404, "M_NOT_FOUND")
    (await anna.call("PUT", f"{KEYS}?version={version}", {"rooms": {}})).refused(404, "M_NOT_FOUND")


async def test_only_auth_data_can_be_changed(world: World) -> None:
    anna = await world.person(ANNA)
    version = await backup(anna)
    path = f"{VERSION}/{version}"
    assert (await anna.put(path, {"algorithm": ALGORITHM, "auth_data": {"public_key": "q"}})).ok() == {}
    same = {"algorithm": ALGORITHM, "auth_data": {"public_key": "r"}, "version": version}
    (await anna.put(path, same)).ok()
    (await anna.put(path, {**same, "version": "9"})).refused(400, "M_INVALID_PARAM")
    (await anna.put(path, {**same, "algorithm": "org.other"})).refused(400, "M_INVALID_PARAM")
    assert (await anna.get(VERSION)).ok()["auth_data"] == {"public_key": "r"}


async def test_keys_are_stored_and_read_on_three_levels(world: World) -> None:
    anna = await world.person(ANNA)
    version = await backup(anna)
    assert (await put(anna, version, f"/{ROOM}/{SLASHED}", session(text="1"))).ok() == {"etag": "1", "count": 1}
    two = {"sessions": {"two": session(text="2"), DECODED: session(5)}}
    assert (await put(anna, version, f"/{ROOM}", two)).ok() == {"etag": "2", "count": 2}
    three = {"rooms": {OTHER: {"sessions": {"three": session(text="3")}}, ROOM: {"sessions": {}}}}
    assert (await put(anna, version, "", three)).ok() == {"etag": "3", "count": 3}
    everything = {
        "rooms": {
            ROOM: {"sessions": {DECODED: session(text="1"), "two": session(text="2")}},
            OTHER: {"sessions": {"three": session(text="3")}},
        }
    }
    assert (await anna.get(KEYS, version=version)).ok() == everything
    assert (await anna.get(f"{KEYS}/{ROOM}", version=version)).ok() == everything["rooms"][ROOM]
    assert (await anna.get(f"{KEYS}/{ROOM}/{SLASHED}", version=version)).ok() == session(text="1")
    assert (await anna.get(VERSION)).ok()["count"] == 3


async def test_missing_keys(world: World) -> None:
    anna = await world.person(ANNA)
    version = await backup(anna)
    assert (await anna.get(KEYS, version=version)).ok() == {"rooms": {}}
    assert (await anna.get(f"{KEYS}/{ROOM}", version=version)).ok() == {"sessions": {}}
    (await anna.get(f"{KEYS}/{ROOM}/none", version=version)).refused(404, "M_NOT_FOUND")
    (await anna.get(f"{KEYS}/{ROOM}/%00", version=version)).refused(400, "M_INVALID_PARAM")
    (await anna.get(KEYS)).refused(400, "M_MISSING_PARAM")


@pytest.mark.parametrize(
    ("first", "second", "is_replaced"),
    [
        (session(5), session(4), True),
        (session(5), session(5), False),
        (session(5), session(6), False),
        (session(5, 2), session(5, 1), True),
        (session(5, 1), session(5, 2), False),
        (session(0), session(9, 9, verified=True), True),
        (session(9, 9, verified=True), session(0), False),
        (session(5, verified=True), session(4, verified=True), True),
    ],
)
async def test_the_better_key_is_kept(
    world: World, first: dict[str, Any], second: dict[str, Any], is_replaced: bool
) -> None:
    anna = await world.person(ANNA)
    version = await backup(anna)
    second["session_data"] = {"ciphertext": "second"}
    before = (await put(anna, version, f"/{ROOM}/s", first)).ok()
    after = (await put(anna, version, f"/{ROOM}/s", second)).ok()
    assert (await anna.get(f"{KEYS}/{ROOM}/s", version=version)).ok() == (second if is_replaced else first)
    assert (after["etag"] != before["etag"], after["count"]) == (is_replaced, 1)


async def test_keys_go_into_the_current_backup_only(world: World) -> None:
    anna = await world.person(ANNA)
    old = await backup(anna)
    (await put(anna, old, f"/{ROOM}/s", session())).ok()
    new = await backup(anna)
    refused = (await put(anna, old, f"/{ROOM}/t", session())).refused(403, "M_WRONG_ROOM_KEYS_VERSION")
    assert refused["current_version"] == new
    assert (await anna.get(f"{KEYS}/{ROOM}", version=old)).ok() == {"sessions": {"s": session()}}
    assert (await anna.get(f"{KEYS}/{ROOM}", version=new)).ok() == {"sessions": {}}
    (await anna.delete(f"{VERSION}/{new}")).ok()
    (await put(anna, new, f"/{ROOM}/t", session())).refused(403, "M_WRONG_ROOM_KEYS_VERSION")
    assert (await put(anna, old, f"/{ROOM}/t", session())).ok()["count"] == 2


async def test_keys_are_deleted_on_three_levels(world: World) -> None:
    anna = await world.person(ANNA)
    version = await backup(anna)
    rooms = {room: {"sessions": {name: session() for name in (DECODED, "b", "c")}} for room in (ROOM, OTHER)}
    assert (await put(anna, version, "", {"rooms": rooms})).ok() == {"etag": "1", "count": 6}

    async def delete(path: str) -> Any:
        return (await anna.call("DELETE", KEYS + path, version=version)).ok()

    assert await delete(f"/{ROOM}/{SLASHED}") == {"etag": "2", "count": 5}
    assert await delete(f"/{ROOM}/{SLASHED}") == {"etag": "2", "count": 5}
    assert await delete(f"/{ROOM}") == {"etag": "3", "count": 3}
    assert await delete("") == {"etag": "4", "count": 0}
    assert (await anna.get(KEYS, version=version)).ok() == {"rooms": {}}


async def test_a_backup_belongs_to_one_person(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    version = await backup(anna)
    (await put(anna, version, f"/{ROOM}/s", session())).ok()
    (await boris.get(VERSION)).refused(404, "M_NOT_FOUND")
    (await boris.get(KEYS, version=version)).refused(404, "M_NOT_FOUND")
    assert await backup(boris) == version
    assert (await boris.get(KEYS, version=version)).ok() == {"rooms": {}}


async def test_many_keys_at_once(world: World) -> None:
    anna = await world.person(ANNA)
    version = await backup(anna)
    sessions = {f"s{number}": session(number) for number in range(450)}
    assert (await put(anna, version, f"/{ROOM}", {"sessions": sessions})).ok()["count"] == 450
    assert (await anna.get(f"{KEYS}/{ROOM}", version=version)).ok() == {"sessions": sessions}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"first_message_index": -1}, 400, "M_BAD_JSON"),
        ({"first_message_index": 2**53}, 400, "M_BAD_JSON"),
        ({"first_message_index": 1.5}, 400, "M_BAD_JSON"),
        ({"forwarded_count": "1"}, 400, "M_BAD_JSON"),
        ({"is_verified": 1}, 400, "M_BAD_JSON"),
        ({"session_data": "sealed"}, 400, "M_BAD_JSON"),
        ({"session_data": {"n": 0.5}}, 400, "M_BAD_JSON"),
        ({"session_data": {"n": "x" * 70_000}}, 413, "M_TOO_LARGE"),
    ],
)
async def test_one_bad_key_stores_none(world: World, change: dict[str, Any], status: int, code: str) -> None:
    anna = await world.person(ANNA)
    version = await backup(anna)
    body = {"sessions": {"good": session(), "bad": {**session(), **change}}}
    (await put(anna, version, f"/{ROOM}", body)).refused(status, code)
    assert (await anna.get(KEYS, version=version)).ok() == {"rooms": {}}


async def test_bad_names_and_bodies_are_refused(world: World) -> None:
    anna = await world.person(ANNA)
    version = await backup(anna)
    for path in ("/%00/s", f"/{ROOM}/%00", f"/{ROOM}/", f"/{ROOM}/{'x' * 256}"):
        (await put(anna, version, path, session())).refused(400, "M_INVALID_PARAM")
    (await put(anna, version, "", {"rooms": {ROOM: {}}})).refused(400, "M_MISSING_PARAM")
    (await put(anna, version, "", {"rooms": []})).refused(400, "M_BAD_JSON")
    (await put(anna, version, f"/{ROOM}", {})).refused(400, "M_MISSING_PARAM")
    (await anna.post(VERSION, {"algorithm": ALGORITHM})).refused(400, "M_MISSING_PARAM")
    (await anna.post(VERSION, {"algorithm": "", "auth_data": {}})).refused(400, "M_INVALID_PARAM")
    (await anna.post(VERSION, {"algorithm": ALGORITHM, "auth_data": {"n": 0.5}})).refused(400, "M_BAD_JSON")
    (await anna.post(VERSION, {"algorithm": ALGORITHM, "auth_data": []})).refused(400, "M_BAD_JSON")
