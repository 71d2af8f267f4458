"""Accounts at the door: registering, checking names and tokens, new passwords, closing."""

from typing import Any

import pytest

from tests.stage.asgi import Answer
from tests.stage.world import CLIENT_API, Person, World
from veche.commands import accounts
from veche.domain.accounts.tokens import TokenWish
from veche.domain.sessions import OPERATOR

REGISTER = f"{CLIENT_API}/register"
AVAILABLE = f"{CLIENT_API}/register/available"
VALIDITY = "/_matrix/client/v1/register/m.login.registration_token/validity"
PASSWORD = "a fairly long password"
DUMMY = {"type": "m.login.dummy"}


async def register(world: World, name: str | None = "greta", **more: Any) -> Answer:
    body = {"username": name, "password": PASSWORD, "auth": DUMMY, **more}
    return await world.call("POST", REGISTER, {key: value for key, value in body.items() if value is not None})


def prove(person: Person, session: str | None = None, password: str | None = None) -> dict[str, Any]:
    """The ``auth`` of somebody of the cast; the stage gives everybody such a password."""
    own = f"{person.user[1:].partition(':')[0]}'s own password"
    proof = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": person.user}}
    return {**proof, "password": password or own, **({"session": session} if session else {})}


async def test_registering_takes_a_question_and_an_answer(world: World) -> None:
    asked = await world.call("POST", REGISTER, {"username": "Greta", "password": PASSWORD})
    assert asked.status == 401
    assert "errcode" not in asked.json
    assert asked.json["flows"] == [{"stages": ["m.login.dummy"]}]
    assert asked.json["completed"] == []

    made = (await register(world, "Greta", auth={**DUMMY, "session": asked.json["session"]})).ok()
    assert made["user_id"] == "@greta:veche.test"
    me = await world.call("GET", f"{CLIENT_API}/account/whoami", token=made["access_token"])
    assert me.ok() == {"user_id": "@greta:veche.test", "device_id": made["device_id"], "is_guest": False}
    assert "refresh_token" not in made


async def test_the_name_as_typed_is_the_first_display_name(world: World) -> None:
    token = (await register(world, "Greta")).ok()["access_token"]
    profile = await world.call("GET", f"{CLIENT_API}/profile/@greta:veche.test", token=token)
    assert profile.ok() == {"displayname": "Greta"}


async def test_a_check_serves_once(world: World) -> None:
    session = (await world.call("POST", REGISTER, {})).json["session"]
    (await register(world, auth={**DUMMY, "session": session})).ok()
    again = await register(world, "hanna", auth={**DUMMY, "session": session})
    assert again.refused(401, "M_FORBIDDEN")["session"] != session


async def test_a_check_expires(world: World) -> None:
    session = (await world.call("POST", REGISTER, {})).json["session"]
    world.clock.advance(seconds=15 * 60)
    stale = await register(world, auth={**DUMMY, "session": session})
    fresh = stale.refused(401, "M_FORBIDDEN")["session"]
    (await register(world, auth={**DUMMY, "session": fresh})).ok()


async def test_the_wrong_stage_is_refused_within_the_same_check(world: World) -> None:
    session = (await world.call("POST", REGISTER, {})).json["session"]
    refused = await register(world, auth={"type": "m.login.password", "password": "x", "session": session})
    assert refused.refused(401, "M_FORBIDDEN")["session"] == session


@pytest.mark.parametrize(
    ("more", "status", "errcode"),
    [
        ({"name": "gre ta"}, 400, "M_INVALID_USERNAME"),
        ({"name": "gre\x00ta"}, 400, "M_INVALID_USERNAME"),
        ({"name": "anna"}, 400, "M_USER_IN_USE"),
        ({"name": "ANNA"}, 400, "M_USER_IN_USE"),
        ({"password": "too short"}, 400, "M_WEAK_PASSWORD"),
        ({"password": "Password1234"}, 400, "M_WEAK_PASSWORD"),
        ({"device_id": "a\x00"}, 400, "M_INVALID_PARAM"),
        ({"initial_device_display_name": "a" * 300}, 400, "M_INVALID_PARAM"),
        ({"username": 5}, 400, "M_BAD_JSON"),
        ({"auth": "dummy"}, 400, "M_BAD_JSON"),
        ({"auth": {"type": 5}}, 400, "M_BAD_JSON"),
        ({"auth": {**DUMMY, "session": "a\x00"}}, 401, "M_FORBIDDEN"),
    ],
)
async def test_what_cannot_be_registered(world: World, more: dict[str, Any], status: int, errcode: str) -> None:
    await world.person("anna")
    (await register(world, **more)).refused(status, errcode)
    assert await world.queries.reader.run(lambda at: at.one("SELECT COUNT(*) FROM accounts")) == (1,)


async def test_name_and_password_are_refused_before_anything_is_to_be_proven(world: World) -> None:
    (await world.call("POST", REGISTER, {"username": "!"})).refused(400, "M_INVALID_USERNAME")
    (await world.call("POST", REGISTER, {"password": "short"})).refused(400, "M_WEAK_PASSWORD")


async def test_a_password_is_needed(world: World) -> None:
    (await world.call("POST", REGISTER, {"username": "greta", "auth": DUMMY})).refused(400, "M_MISSING_PARAM")


async def test_without_a_name_one_is_made_up(world: World) -> None:
    made = (await register(world, None)).ok()
    assert made["user_id"].endswith(":veche.test")


async def test_guests_and_other_kinds_are_refused(world: World) -> None:
    (await world.call("POST", f"{REGISTER}?kind=guest", {})).refused(403, "M_GUEST_ACCESS_FORBIDDEN")
    (await world.call("POST", f"{REGISTER}?kind=robot", {})).refused(400, "M_INVALID_PARAM")


async def test_a_registration_may_ask_for_a_device_and_refresh_tokens(world: World) -> None:
    wish: dict[str, Any] = {"device_id": "PHONE", "initial_device_display_name": "Greta's phone", "refresh_token": True}
    made = (await register(world, **wish)).ok()
    assert made["device_id"] == "PHONE"
    assert made["expires_in_ms"] == 3_600_000
    device = await world.call("GET", f"{CLIENT_API}/devices/PHONE", token=made["access_token"])
    assert device.ok()["display_name"] == "Greta's phone"


async def test_a_registration_may_ask_for_no_session(world: World) -> None:
    made = (await register(world, inhibit_login=True)).ok()
    assert made == {"user_id": "@greta:veche.test", "home_server": "veche.test"}


@pytest.mark.settings(registration="closed")
async def test_closed_registration_tells_nothing(world: World) -> None:
    await world.person("anna")
    for name in ("anna", "greta"):
        (await register(world, name)).refused(403, "M_FORBIDDEN")
        (await world.call("GET", f"{AVAILABLE}?username={name}")).refused(403, "M_FORBIDDEN")
    (await world.call("GET", f"{VALIDITY}?token=x")).refused(403, "M_FORBIDDEN")


@pytest.mark.settings(registration="token")
async def test_a_registration_token_lets_so_many_in(world: World) -> None:
    token = (await accounts.add_registration_token(world.commands, OPERATOR, TokenWish("letter", 1))).token
    stage = {"type": "m.login.registration_token"}
    asked = await world.call("POST", REGISTER, {})
    assert asked.json["flows"] == [{"stages": ["m.login.registration_token"]}]
    session = asked.json["session"]
    (await register(world)).refused(401, "M_FORBIDDEN")
    for wrong in ({}, {"token": "other"}, {"token": "a\x00"}):
        answer = await register(world, auth={**stage, **wrong, "session": session})
        assert answer.refused(401, "M_FORBIDDEN")["session"] == session
    (await register(world, auth={**stage, "token": token, "session": session})).ok()
    (await register(world, "hanna", auth={**stage, "token": token})).refused(401, "M_FORBIDDEN")


@pytest.mark.settings(registration="token")
async def test_whether_a_registration_token_is_valid(world: World) -> None:
    await accounts.add_registration_token(world.commands, OPERATOR, TokenWish("letter", None, world.clock() + 1000))
    assert (await world.call("GET", f"{VALIDITY}?token=letter")).ok() == {"valid": True}
    assert (await world.call("GET", f"{VALIDITY}?token=other")).ok() == {"valid": False}
    world.clock.advance(seconds=1)
    assert (await world.call("GET", f"{VALIDITY}?token=letter")).ok() == {"valid": False}
    (await world.call("GET", VALIDITY)).refused(400, "M_MISSING_PARAM")


async def test_whether_a_name_is_free(world: World) -> None:
    await world.person("anna")
    assert (await world.call("GET", f"{AVAILABLE}?username=greta")).ok() == {"available": True}
    (await world.call("GET", f"{AVAILABLE}?username=Anna")).refused(400, "M_USER_IN_USE")
    (await world.call("GET", f"{AVAILABLE}?username=a:b")).refused(400, "M_INVALID_USERNAME")
    (await world.call("GET", AVAILABLE)).refused(400, "M_MISSING_PARAM")


async def test_a_new_password_signs_the_other_devices_out(world: World) -> None:
    farid = await world.person("farid")
    other = await world.device(farid.user, "OTHER")
    body = {"new_password": PASSWORD}
    asked = await farid.post("/account/password", body)
    assert asked.json["flows"] == [{"stages": ["m.login.password"]}]
    (await farid.post("/account/password", {**body, "auth": prove(farid, asked.json["session"])})).ok()
    (await farid.get("/account/whoami")).ok()
    (await other.get("/account/whoami")).refused(401, "M_UNKNOWN_TOKEN")
    assert [device["device_id"] for device in (await farid.get("/devices")).ok()["devices"]] == ["FARID"]
    for password, status in ((PASSWORD, 200), ("farid's own password", 403)):
        signed_in = await world.call(
            "POST",
            f"{CLIENT_API}/login",
            {"type": "m.login.password", "user": "farid", "password": password},
        )
        assert signed_in.status == status


async def test_a_new_password_may_leave_the_other_devices_alone(world: World) -> None:
    farid = await world.person("farid")
    other = await world.device(farid.user, "OTHER")
    body = {"new_password": PASSWORD, "logout_devices": False, "auth": prove(farid)}
    (await farid.post("/account/password", body)).ok()
    (await other.get("/account/whoami")).ok()


@pytest.mark.parametrize("weak", ["short", "password1234", "@farid:veche.test"])
async def test_a_new_password_must_be_strong(world: World, weak: str) -> None:
    farid = await world.person("farid")
    refused = await farid.post("/account/password", {"new_password": weak, "auth": prove(farid)})
    refused.refused(400, "M_WEAK_PASSWORD")
    (await farid.post("/account/password", {})).refused(400, "M_MISSING_PARAM")


async def test_the_old_password_must_be_right_and_ones_own(world: World) -> None:
    anna, boris = await world.people("anna", "boris")
    body = {"new_password": PASSWORD}
    for proof in (
        prove(anna, password="not the password"),
        prove(boris),
        {**prove(anna), "identifier": {"type": "m.id.phone"}},
        {"type": "m.login.password"},
        {"type": "m.login.dummy"},
    ):
        (await anna.post("/account/password", {**body, "auth": proof})).refused(401, "M_FORBIDDEN")
    unproven = await anna.post("/account/password", {**body, "auth": {"session": ""}})
    assert (unproven.status, unproven.errcode) == (401, None)
    (await boris.post("/account/password", {**body, "auth": prove(boris)})).ok()


async def test_older_clients_name_themselves_otherwise(world: World) -> None:
    anna, boris = await world.people("anna", "boris")
    bare = {"type": "m.login.password", "password": "anna's own password"}
    body = {"new_password": PASSWORD, "auth": {**bare, "user": boris.user}}
    (await anna.post("/account/password", body)).refused(401, "M_FORBIDDEN")
    (await anna.post("/account/password", {**body, "auth": {**bare, "user": "anna"}})).ok()


async def test_closing_an_account_ends_everything(world: World) -> None:
    anna, boris = await world.people("anna", "boris")
    room = (await anna.post("/createRoom", {"preset": "public_chat"})).ok()["room_id"]
    (await boris.post(f"/join/{room}")).ok()
    unproven = await boris.post("/account/deactivate", {})
    assert (unproven.status, unproven.errcode) == (401, None)
    closed = await boris.post("/account/deactivate", {"auth": prove(boris)})
    assert closed.ok() == {"id_server_unbind_result": "success"}
    (await boris.get("/account/whoami")).refused(401, "M_UNKNOWN_TOKEN")
    assert list((await anna.get(f"/rooms/{room}/joined_members")).ok()["joined"]) == [anna.user]
    signed_in = {"type": "m.login.password", "user": "boris", "password": "boris's own password"}
    (await world.call("POST", f"{CLIENT_API}/login", signed_in)).refused(403, "M_FORBIDDEN")
    (await register(world, "boris")).refused(400, "M_USER_IN_USE")


@pytest.mark.parametrize("erase", [True, False])
async def test_closing_an_account_may_erase_what_was_its_own(world: World, erase: bool) -> None:
    anna, boris = await world.people("anna", "boris")
    (await boris.put(f"/profile/{boris.user}/m.tz", {"m.tz": "Europe/Riga"})).ok()
    (await boris.put(f"/user/{boris.user}/account_data/org.example", {"a": 1})).ok()
    (await boris.post("/account/deactivate", {"auth": prove(boris), "erase": erase})).ok()
    assert (await anna.get(f"/profile/{boris.user}")).ok() == ({} if erase else {"m.tz": "Europe/Riga"})
    kept = await world.queries.reader.run(lambda at: at.one("SELECT COUNT(*) FROM account_data"))
    assert kept == (0 if erase else 1,)
