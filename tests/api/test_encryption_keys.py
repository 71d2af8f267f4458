"""Keys at the door: upload, query, claim, changes; who sees what, and what bad input does."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA, DMITRI
from tests.stage.world import Person, World

UPLOAD, QUERY, CLAIM = "/keys/upload", "/keys/query", "/keys/claim"


def identity(person: Person, *, key: str = "secret") -> dict[str, Any]:
    """Identity keys as a client would upload them; the server does not check what a signature is worth."""
    user, device = person.user, person.asker.device
    return {
        "user_id": user,
        "device_id": device,
        "algorithms": ["m.olm.v1.curve25519-aes-sha2"],
        "keys": {f"curve25519:{device}": f"c-{key}", f"ed25519:{device}": f"e-{key}"},
        "signatures": {user: {f"ed25519:{device}": f"by-{key}"}},
    }


def one_time(person: Person, *names: str, key: str = "k", **more: Any) -> dict[str, Any]:
    """Signed one-time keys with these ids."""
    signatures = {person.user: {f"ed25519:{person.asker.device}": "signature"}}
    return {f"signed_curve25519:{name}": {"key": f"{key}-{name}", "signatures": signatures, **more} for name in names}


async def claim(asker: Person, target: Person) -> str | None:
    """Claim one key of a device; return its id."""
    wanted = {"one_time_keys": {target.user: {target.asker.device: "signed_curve25519"}}}
    given = (await asker.post(CLAIM, wanted)).ok()["one_time_keys"]
    names = [name for keys in given.values() for key in keys.values() for name in key]
    return names[0].partition(":")[2] if names else None


async def test_uploaded_keys_are_seen_with_the_device_name(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    keys = identity(anna)
    counts = (await anna.post(UPLOAD, {"device_keys": {**keys, "unsigned": {"x": 1}, "future": [1]}})).ok()
    assert counts == {"one_time_key_counts": {"signed_curve25519": 0}}
    seen = (await boris.post(QUERY, {"device_keys": {anna.user: []}})).ok()
    shown = {**keys, "future": [1], "unsigned": {"device_display_name": "anna"}}
    assert seen["device_keys"] == {anna.user: {"ANNA": shown}}
    assert seen["failures"] == {}
    assert seen["master_keys"] == seen["self_signing_keys"] == seen["user_signing_keys"] == {}


async def test_a_query_may_name_devices(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    second = await world.device(anna.user, "SECOND")
    for person in (anna, second):
        (await person.post(UPLOAD, {"device_keys": identity(person)})).ok()

    async def devices(wanted: list[str]) -> set[str]:
        answer = (await boris.post(QUERY, {"device_keys": {anna.user: wanted}})).ok()
        return set(answer["device_keys"][anna.user])

    assert await devices([]) == {"ANNA", "SECOND"}
    assert await devices(["SECOND", "NOBODY'S"]) == {"SECOND"}
    assert await devices(["NOBODY'S"]) == set()


async def test_people_without_keys_are_empty_and_unknown_ones_left_out(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    wanted: dict[str, Any] = {"device_keys": {boris.user: [], "@nobody:veche.test": [], "@eve:elsewhere": []}}
    assert (await anna.post(QUERY, wanted)).ok()["device_keys"] == {boris.user: {}}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"user_id": "@boris:veche.test"}, "M_INVALID_PARAM"),
        ({"device_id": "OTHER"}, "M_INVALID_PARAM"),
        ({"algorithms": "all"}, "M_BAD_JSON"),
        ({"keys": {"ed25519:ANNA": 7}}, "M_BAD_JSON"),
        ({"signatures": {"@anna:veche.test": []}}, "M_BAD_JSON"),
        ({"future": 0.5}, "M_BAD_JSON"),
        ({"future": 2**70}, "M_BAD_JSON"),
    ],
)
async def test_keys_of_somebody_else_or_of_no_shape_are_refused(
    world: World, change: dict[str, Any], code: str
) -> None:
    anna = await world.person(ANNA)
    body = {"device_keys": {**identity(anna), **change}, "one_time_keys": one_time(anna, "A")}
    (await anna.post(UPLOAD, body)).refused(400, code)
    assert (await anna.post(UPLOAD)).ok() == {"one_time_key_counts": {"signed_curve25519": 0}}, "half of it was stored"


@pytest.mark.parametrize(
    "keys",
    [
        {"no colon": {"key": "a", "signatures": {}}},
        {":A": {"key": "a", "signatures": {}}},
        {"signed_curve25519:": {"key": "a", "signatures": {}}},
        {"signed_curve25519:A\x00": {"key": "a", "signatures": {}}},
        {"signed_curve25519:" + "A" * 256: {"key": "a", "signatures": {}}},
        {"signed_curve25519:A": 7},
        {"signed_curve25519:A": {"signatures": {}}},
        {"signed_curve25519:A": {"key": "a"}},
    ],
)
@pytest.mark.parametrize("field", ["one_time_keys", "fallback_keys"])
async def test_malformed_one_time_and_fallback_keys_are_refused(world: World, field: str, keys: dict[str, Any]) -> None:
    anna = await world.person(ANNA)
    (await anna.post(UPLOAD, {field: keys})).refused(400, "M_BAD_JSON")


async def test_too_many_and_too_large_keys_are_refused(world: World) -> None:
    anna = await world.person(ANNA)
    many = one_time(anna, *(str(number) for number in range(1001)))
    (await anna.post(UPLOAD, {"one_time_keys": many})).refused(400, "M_INVALID_PARAM")
    many.popitem()
    assert (await anna.post(UPLOAD, {"one_time_keys": many})).ok()["one_time_key_counts"]["signed_curve25519"] == 1000
    (await anna.post(UPLOAD, {"one_time_keys": one_time(anna, "X")})).refused(400, "M_INVALID_PARAM")
    (await anna.post(UPLOAD, {"one_time_keys": one_time(anna, "X", key="x" * 70_000)})).refused(413, "M_TOO_LARGE")


async def test_a_repeated_upload_adds_nothing_and_a_conflicting_one_is_refused(world: World) -> None:
    anna = await world.person(ANNA)
    assert (await anna.post(UPLOAD, {"one_time_keys": one_time(anna, "A", "B")})).ok() == {
        "one_time_key_counts": {"signed_curve25519": 2}
    }
    repeated = (await anna.post(UPLOAD, {"one_time_keys": one_time(anna, "B", "C")})).ok()
    assert repeated["one_time_key_counts"] == {"signed_curve25519": 3}
    both = one_time(anna, "D") | one_time(anna, "A", key="another")
    (await anna.post(UPLOAD, {"one_time_keys": both})).refused(400, "M_INVALID_PARAM")
    assert (await anna.post(UPLOAD)).ok()["one_time_key_counts"] == {"signed_curve25519": 3}


async def test_algorithms_are_counted_apart_and_plain_keys_are_taken(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    counts = (await anna.post(UPLOAD, {"one_time_keys": {"curve25519:A": "plain", **one_time(anna, "A")}})).ok()
    assert counts["one_time_key_counts"] == {"curve25519": 1, "signed_curve25519": 1}
    wanted = {"one_time_keys": {anna.user: {"ANNA": "curve25519"}}}
    assert (await boris.post(CLAIM, wanted)).ok()["one_time_keys"] == {anna.user: {"ANNA": {"curve25519:A": "plain"}}}


async def test_keys_are_given_out_in_order_and_each_once(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    for name in ("Z", "M", "A"):
        (await anna.post(UPLOAD, {"one_time_keys": one_time(anna, name)})).ok()
    assert [await claim(asker, anna) for asker in (boris, carla, boris, carla)] == ["Z", "M", "A", None]


async def test_a_claimed_key_does_not_come_back_with_a_repeated_upload(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    (await anna.post(UPLOAD, {"one_time_keys": one_time(anna, "A", "B")})).ok()
    assert await claim(boris, anna) == "A"
    await world.restart()
    resigned = {name: {**key, "signatures": {}} for name, key in one_time(anna, "A").items()}
    counts = (await anna.post(UPLOAD, {"one_time_keys": resigned | one_time(anna, "B")})).ok()
    assert counts["one_time_key_counts"] == {"signed_curve25519": 1}
    assert [await claim(boris, anna), await claim(boris, anna)] == ["B", None]
    world.clock.advance(seconds=8 * 24 * 3600)
    (await anna.post(UPLOAD, {"one_time_keys": one_time(anna, "C")})).ok()
    counts = (await anna.post(UPLOAD, {"one_time_keys": one_time(anna, "A")})).ok()
    assert counts["one_time_key_counts"] == {"signed_curve25519": 2}


async def test_the_fallback_key_is_given_when_no_other_is_left(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    first = one_time(anna, "F", fallback=True)
    (await anna.post(UPLOAD, {"one_time_keys": one_time(anna, "A"), "fallback_keys": first})).ok()
    assert [await claim(boris, anna) for _ in range(3)] == ["A", "F", "F"]
    (await anna.post(UPLOAD, {"fallback_keys": one_time(anna, "G", fallback=True)})).ok()
    assert await claim(boris, anna) == "G"


async def test_only_one_fallback_key_of_an_algorithm_is_taken(world: World) -> None:
    anna = await world.person(ANNA)
    (await anna.post(UPLOAD, {"fallback_keys": one_time(anna, "F", "G")})).refused(400, "M_INVALID_PARAM")


async def test_unknown_users_devices_and_algorithms_are_left_out_of_a_claim(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    (await anna.post(UPLOAD, {"one_time_keys": one_time(anna, "A")})).ok()
    wanted = {
        anna.user: {"ANNA": "signed_curve25519", "GONE": "signed_curve25519"},
        boris.user: {"BORIS": "signed_curve25519"},
        "@nobody:veche.test": {"X": "signed_curve25519"},
        "@eve:elsewhere": {"X": "signed_curve25519"},
    }
    answer = (await boris.post(CLAIM, {"one_time_keys": wanted})).ok()
    assert answer == {"one_time_keys": {anna.user: {"ANNA": one_time(anna, "A")}}, "failures": {}}


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        (UPLOAD, {"one_time_keys": []}, "M_BAD_JSON"),
        (UPLOAD, b'{"one_time_keys": {"a:b": "\\ud800"}}', "M_NOT_JSON"),
        (UPLOAD, b"{", "M_NOT_JSON"),
        (QUERY, {}, "M_MISSING_PARAM"),
        (QUERY, {"device_keys": {"@anna:veche.test": "all"}}, "M_BAD_JSON"),
        (CLAIM, {}, "M_MISSING_PARAM"),
        (CLAIM, {"one_time_keys": {"@anna:veche.test": {"ANNA": ["signed_curve25519"]}}}, "M_BAD_JSON"),
        (CLAIM, b'{"one_time_keys":' + b"[" * 5000, "M_NOT_JSON"),
    ],
)
async def test_bad_bodies_are_named(world: World, path: str, body: object, code: str) -> None:
    anna = await world.person(ANNA)
    (await anna.post(path, body)).refused(400, code)


async def test_a_device_that_ended_uploads_nothing(world: World) -> None:
    anna = await world.person(ANNA)
    await world.commands.writer.run(lambda tx: tx.run("DELETE FROM devices WHERE user_id = ?", anna.user))
    (await anna.post(UPLOAD, {"one_time_keys": one_time(anna, "A")})).refused(401, "M_UNKNOWN_TOKEN")


async def test_changes_name_those_who_share_a_room(world: World) -> None:
    anna, boris, dmitri = await world.people(ANNA, BORIS, DMITRI)
    before = (await anna.get("/sync")).ok()["next_batch"]
    room = (await anna.post("/createRoom", {"invite": [boris.user]})).ok()["room_id"]
    (await boris.post(f"/join/{room}")).ok()
    (await dmitri.post(UPLOAD, {"device_keys": identity(dmitri)})).ok()
    after = (await anna.get("/sync")).ok()["next_batch"]
    answer = await anna.get("/keys/changes", **{"from": before, "to": after})
    assert answer.ok() == {"changed": [boris.user], "left": []}
    (await boris.post(UPLOAD, {"device_keys": identity(boris)})).ok()
    (await boris.post(f"/rooms/{room}/leave")).ok()
    answer = await anna.get("/keys/changes", **{"from": after, "to": after})
    assert answer.ok() == {"changed": [], "left": [boris.user]}


async def test_changes_need_tokens(world: World) -> None:
    anna = await world.person(ANNA)
    (await anna.get("/keys/changes", to="s1.1.a.1")).refused(400, "M_MISSING_PARAM")
    (await anna.get("/keys/changes", **{"from": "nonsense", "to": "s1.1.a.1"})).refused(400, "M_INVALID_PARAM")
    (await anna.get("/keys/changes", **{"from": "s1.1.a.1", "to": "nonsense"})).refused(400, "M_INVALID_PARAM")
    (await anna.get("/keys/changes", **{"from": "s99999.1.a.1", "to": "s99999.1.a.1"})).ok()
