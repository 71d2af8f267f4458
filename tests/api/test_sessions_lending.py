"""OpenID and login tokens at the door."""

import pytest

from tests.cast import ANNA, BORIS, ELENA
from tests.stage.people import Person
from tests.stage.world import World

GET_TOKEN = "/_matrix/client/v1/login/get_token"
USERINFO = "/_matrix/federation/v1/openid/userinfo"


def proof(person: Person) -> dict[str, str]:
    return {"type": "m.login.password", "password": f"{person.user[1:].partition(':')[0]}'s own password"}


async def test_a_service_learns_whose_token_it_is(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    path = f"/user/{anna.user}/openid/request_token"
    found = (await anna.post(path)).ok()
    assert found.keys() == {"access_token", "token_type", "matrix_server_name", "expires_in"}
    assert (found["token_type"], found["matrix_server_name"], found["expires_in"]) == ("Bearer", "veche.test", 3600)
    asked = await world.call("GET", USERINFO, query={"access_token": found["access_token"]})
    assert asked.ok() == {"sub": anna.user}
    (await boris.post(path)).refused(403, "M_FORBIDDEN")
    (await world.call("GET", USERINFO)).refused(400, "M_MISSING_PARAM")
    (await world.call("GET", USERINFO, query={"access_token": anna.token})).refused(401, "M_UNKNOWN_TOKEN")
    whoami = await world.call("GET", "/_matrix/client/v3/account/whoami", token=found["access_token"])
    whoami.refused(401, "M_UNKNOWN_TOKEN")


async def test_nobody_vouches_for_whoever_is_suspended(world: World) -> None:
    anna = await world.person(ANNA)
    elena = await world.person(ELENA, role="administrator")
    path = f"/user/{anna.user}/openid/request_token"
    token = (await anna.post(path)).ok()["access_token"]
    for suspended in (True, False):
        (await elena.put(f"/_matrix/client/v1/admin/suspend/{anna.user}", {"suspended": suspended})).ok()
        asked, found = await anna.post(path), await world.call("GET", USERINFO, query={"access_token": token})
        if suspended:
            asked.refused(403, "M_USER_SUSPENDED")
            found.refused(401, "M_UNKNOWN_TOKEN")
        else:
            asked.ok()
            assert found.ok() == {"sub": anna.user}


async def test_a_second_device_signs_in_by_a_token(world: World) -> None:
    anna = await world.person(ANNA)
    assert (await anna.get("/capabilities")).ok()["capabilities"]["m.get_login_token"] == {"enabled": True}
    flows = (await world.call("GET", "/_matrix/client/v3/login")).ok()["flows"]
    assert flows == [{"type": "m.login.password"}, {"type": "m.login.token", "get_login_token": True}]
    needed = await anna.post(GET_TOKEN)
    assert (needed.status, needed.json["flows"]) == (401, [{"stages": ["m.login.password"]}])
    found = (await anna.post(GET_TOKEN, {"auth": {**proof(anna), "session": needed.json["session"]}})).ok()
    assert found.keys() == {"login_token", "expires_in_ms"}
    assert found["expires_in_ms"] == 120_000
    body = {"type": "m.login.token", "token": found["login_token"], "refresh_token": True}
    session = (await world.call("POST", "/_matrix/client/v3/login", body)).ok()
    assert (session["user_id"], "refresh_token" in session) == (anna.user, True)
    (await world.call("GET", "/_matrix/client/v3/account/whoami", token=session["access_token"])).ok()
    (await world.call("POST", "/_matrix/client/v3/login", body)).refused(403, "M_FORBIDDEN")
    (await world.call("POST", "/_matrix/client/v3/login", {"type": "m.login.token"})).refused(400, "M_MISSING_PARAM")


@pytest.mark.settings(login_tokens="off")
async def test_login_tokens_can_be_turned_off(world: World) -> None:
    anna = await world.person(ANNA)
    assert (await anna.get("/capabilities")).ok()["capabilities"]["m.get_login_token"] == {"enabled": False}
    flows = (await world.call("GET", "/_matrix/client/v3/login")).ok()["flows"]
    assert flows == [{"type": "m.login.password"}]
    (await anna.post(GET_TOKEN, {"auth": proof(anna)})).refused(400, "M_FORBIDDEN")
