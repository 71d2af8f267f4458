"""Cross-signing at the door: whose keys, who signed what, who sees which signature, when the password is asked for."""

from typing import Any

import pytest

from tests.api.test_encryption_keys import identity
from tests.cast import ANNA, BORIS, CARLA
from tests.stage.world import Person, World

KEYS, SIGNATURES, QUERY = "/keys/device_signing/upload", "/keys/signatures/upload", "/keys/query"


def key(person: Person, usage: str, public: str, *signers: str) -> dict[str, Any]:
    """A cross-signing key, signed by the keys of these ids."""
    made: dict[str, Any] = {"user_id": person.user, "usage": [usage], "keys": {f"ed25519:{public}": public}}
    if signers:
        made["signatures"] = {person.user: {f"ed25519:{signer}": "signature" for signer in signers}}
    return made


def key_set(person: Person, mark: str = "") -> dict[str, Any]:
    """A whole set of keys; ``mark`` tells two sets apart."""
    name = f"{person.user[1:5]}{mark}"
    return {
        "master_key": key(person, "master", f"M{name}"),
        "self_signing_key": key(person, "self_signing", f"S{name}", f"M{name}"),
        "user_signing_key": key(person, "user_signing", f"U{name}", f"M{name}"),
    }


async def proof(person: Person, body: dict[str, Any], password: str) -> dict[str, Any]:
    """Begin a reauthentication and return the body with its proof."""
    answer = await person.post(KEYS, body)
    assert answer.status == 401
    auth = {
        "type": "m.login.password",
        "session": answer.json["session"],
        "identifier": {"type": "m.id.user", "user": person.user},
        "password": password,
    }
    return {**body, "auth": auth}


async def seen_by(reader: Person, user: str) -> dict[str, Any]:
    """Return what a reader sees of somebody's keys."""
    answer: dict[str, Any] = (await reader.post(QUERY, {"device_keys": {user: []}})).ok()
    return {name: keys.get(user) for name, keys in answer.items() if name != "failures"}


async def prepared(world: World, *names: str) -> list[Person]:
    """People with identity keys and cross-signing keys."""
    people = await world.people(*names)
    for person in people:
        (await person.post("/keys/upload", {"device_keys": identity(person)})).ok()
        (await person.post(KEYS, key_set(person))).ok()
    return people


async def test_the_first_set_needs_no_password_and_the_user_signing_key_stays_private(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    keys = key_set(anna)
    assert (await anna.post(KEYS, keys)).ok() == {}
    own, others = await seen_by(anna, anna.user), await seen_by(boris, anna.user)
    assert own["master_keys"] == others["master_keys"] == keys["master_key"]
    assert own["self_signing_keys"] == others["self_signing_keys"] == keys["self_signing_key"]
    assert own["user_signing_keys"] == keys["user_signing_key"]
    assert others["user_signing_keys"] is None


async def test_the_same_set_again_needs_no_password_and_another_one_does(world: World) -> None:
    [anna] = await prepared(world, ANNA)
    (await anna.post(KEYS, key_set(anna))).ok()
    new = key_set(anna, "2")
    wrong = await proof(anna, new, "not the password")
    assert (await anna.post(KEYS, wrong)).status == 401
    assert (await seen_by(anna, anna.user))["master_keys"] == key_set(anna)["master_key"]
    (await anna.post(KEYS, await proof(anna, new, "anna's own password"))).ok()
    assert (await seen_by(anna, anna.user))["master_keys"] == new["master_key"]


async def test_a_single_key_is_replaced_after_the_password(world: World) -> None:
    [anna] = await prepared(world, ANNA)
    new = {"self_signing_key": key(anna, "self_signing", "Snew", "Manna")}
    (await anna.post(KEYS, await proof(anna, new, "anna's own password"))).ok()
    seen = await seen_by(anna, anna.user)
    assert seen["self_signing_keys"] == new["self_signing_key"]
    assert seen["user_signing_keys"] == key_set(anna)["user_signing_key"]


async def test_a_new_master_key_ends_what_only_the_old_one_has_signed(world: World) -> None:
    [anna] = await prepared(world, ANNA)
    new = {"master_key": key(anna, "master", "Mnew")}
    (await anna.post(KEYS, await proof(anna, new, "anna's own password"))).ok()
    seen = await seen_by(anna, anna.user)
    assert (seen["master_keys"], seen["self_signing_keys"]) == (new["master_key"], None)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"master_key": None, "user_signing_key": None}, 400, "M_MISSING_PARAM"),
        ({"self_signing_key": {"signatures": {}}}, 400, "M_INVALID_SIGNATURE"),
        ({"user_signing_key": {"signatures": {"@anna:veche.test": {"ed25519:X": "y"}}}}, 400, "M_INVALID_SIGNATURE"),
        ({"master_key": {"user_id": "@boris:veche.test"}}, 400, "M_INVALID_PARAM"),
        ({"master_key": {"usage": ["self_signing"]}}, 400, "M_INVALID_PARAM"),
        ({"master_key": {"keys": {"ed25519:a": "a", "ed25519:b": "b"}}}, 400, "M_BAD_JSON"),
        ({"master_key": {"keys": {"ed25519:a": "b"}}}, 400, "M_BAD_JSON"),
        ({"master_key": {"keys": {"ed25519:": ""}}}, 400, "M_BAD_JSON"),
        ({"master_key": {"keys": {"ed25519:a\x00": "a\x00"}}}, 400, "M_BAD_JSON"),
        ({"master_key": {"keys": []}}, 400, "M_BAD_JSON"),
        ({"master_key": {"future": 1.5}}, 400, "M_BAD_JSON"),
        ({"self_signing_key": {"keys": {"ed25519:Uanna": "Uanna"}}}, 400, "M_INVALID_PARAM"),
        ({"master_key": {"keys": {"ed25519:ANNA": "ANNA"}}}, 403, "M_FORBIDDEN"),
    ],
)
async def test_bad_keys_are_refused_whole(world: World, change: dict[str, Any], status: int, code: str) -> None:
    anna = await world.person(ANNA)
    body = key_set(anna)
    for name, part in change.items():
        body[name] = part if part is None else {**body[name], **part}
    if "ed25519:ANNA" in str(change):
        body = {"master_key": body["master_key"]}
    (await anna.post(KEYS, body)).refused(status, code)
    assert not any(value for name, value in (await seen_by(anna, anna.user)).items() if name != "device_keys")


async def test_an_empty_upload_needs_a_master_key(world: World) -> None:
    anna = await world.person(ANNA)
    (await anna.post(KEYS)).refused(400, "M_MISSING_PARAM")
    (await anna.post(KEYS, key_set(anna))).ok()
    (await anna.post(KEYS)).ok()


async def test_everybody_sees_what_the_owner_signed(world: World) -> None:
    anna, boris = await prepared(world, ANNA, BORIS)
    device = {**identity(anna), "signatures": {anna.user: {"ed25519:Sanna": "by self"}}}
    master = key(anna, "master", "Manna", "ANNA")
    assert (await anna.post(SIGNATURES, {anna.user: {"ANNA": device, "Manna": master}})).ok() == {"failures": {}}
    seen = await seen_by(boris, anna.user)
    assert seen["device_keys"]["ANNA"]["signatures"][anna.user] == {
        "ed25519:ANNA": "by-secret",
        "ed25519:Sanna": "by self",
    }
    assert seen["master_keys"]["signatures"] == {anna.user: {"ed25519:ANNA": "signature"}}


async def test_only_the_signer_sees_a_signature_on_somebody_elses_key(world: World) -> None:
    anna, boris, carla = await prepared(world, ANNA, BORIS, CARLA)
    signed = {**key(boris, "master", "Mbori"), "signatures": {anna.user: {"ed25519:Uanna": "anna trusts boris"}}}
    assert (await anna.post(SIGNATURES, {boris.user: {"Mbori": signed}})).ok() == {"failures": {}}
    assert (await seen_by(anna, boris.user))["master_keys"] == signed
    for other in (boris, carla):
        assert "signatures" not in (await seen_by(other, boris.user))["master_keys"]


async def test_signatures_that_may_not_be_are_named_and_the_others_stored(world: World) -> None:
    anna, boris = await prepared(world, ANNA, BORIS)
    own = {anna.user: {"ed25519:Sanna": "by self"}}
    body = {
        anna.user: {
            "ANNA": {**identity(anna), "signatures": own},
            "Manna": {**key(anna, "master", "Manna"), "signatures": {anna.user: {"ed25519:GONE": "s"}}},
            "GONE": {**identity(anna), "signatures": own},
        },
        boris.user: {
            "BORIS": {**identity(boris), "signatures": {anna.user: {"ed25519:Uanna": "s"}}},
            "Mbori": {**key(boris, "master", "Mbori"), "more": 1, "signatures": {anna.user: {"ed25519:Uanna": "s"}}},
        },
        "@nobody:veche.test": {"X": 7},
    }
    failures = (await anna.post(SIGNATURES, body)).ok()["failures"]
    codes = {user: {name: error["errcode"] for name, error in keys.items()} for user, keys in failures.items()}
    assert codes == {
        anna.user: {"Manna": "M_INVALID_SIGNATURE", "GONE": "M_NOT_FOUND"},
        boris.user: {"BORIS": "M_NOT_FOUND", "Mbori": "M_INVALID_SIGNATURE"},
        "@nobody:veche.test": {"X": "M_NOT_FOUND"},
    }
    assert (await seen_by(boris, anna.user))["device_keys"]["ANNA"]["signatures"][anna.user][
        "ed25519:Sanna"
    ] == "by self"


@pytest.mark.parametrize(
    "given", [7, [], {"signatures": []}, {"signatures": {"@anna:veche.test": {"ed25519:Sanna": "\x07"}}}]
)
async def test_signed_keys_without_shape_fail_alone(world: World, given: object) -> None:
    [anna] = await prepared(world, ANNA)
    body = {**identity(anna), **given} if isinstance(given, dict) else given
    failures = (await anna.post(SIGNATURES, {anna.user: {"ANNA": body}})).ok()["failures"]
    assert failures[anna.user]["ANNA"]["errcode"] in ("M_BAD_JSON", "M_INVALID_SIGNATURE")


async def test_too_many_signed_keys_are_refused(world: World) -> None:
    anna = await world.person(ANNA)
    (await anna.post(SIGNATURES, {anna.user: {str(at): {} for at in range(501)}})).refused(400, "M_INVALID_PARAM")
    (await anna.post(SIGNATURES, {anna.user: []})).refused(400, "M_BAD_JSON")


async def test_signatures_end_with_the_key_that_made_them_or_bore_them(world: World) -> None:
    anna, boris = await prepared(world, ANNA, BORIS)
    device = {**identity(anna), "signatures": {anna.user: {"ed25519:Sanna": "by self"}}}
    trusted = {**key(boris, "master", "Mbori"), "signatures": {anna.user: {"ed25519:Uanna": "trust"}}}
    assert (await anna.post(SIGNATURES, {anna.user: {"ANNA": device}, boris.user: {"Mbori": trusted}})).ok() == {
        "failures": {}
    }
    new = key_set(anna, "2")
    (await anna.post(KEYS, await proof(anna, new, "anna's own password"))).ok()
    assert list((await seen_by(anna, anna.user))["device_keys"]["ANNA"]["signatures"][anna.user]) == ["ed25519:ANNA"]
    assert "signatures" not in (await seen_by(anna, boris.user))["master_keys"]


async def test_new_identity_keys_lose_signatures_on_the_old_ones(world: World) -> None:
    [anna] = await prepared(world, ANNA)
    device = {**identity(anna), "signatures": {anna.user: {"ed25519:Sanna": "by self"}}}
    (await anna.post(SIGNATURES, {anna.user: {"ANNA": device}})).ok()
    for keys in (identity(anna), {**identity(anna), "signatures": {anna.user: {"ed25519:ANNA": "anew"}}}):
        (await anna.post("/keys/upload", {"device_keys": keys})).ok()
        assert "ed25519:Sanna" in (await seen_by(anna, anna.user))["device_keys"]["ANNA"]["signatures"][anna.user]
    (await anna.post("/keys/upload", {"device_keys": identity(anna, key="other")})).ok()
    assert list((await seen_by(anna, anna.user))["device_keys"]["ANNA"]["signatures"][anna.user]) == ["ed25519:ANNA"]
