"""Sessions at the door: signing in and out, guessing, refreshing, soft logout."""

from typing import Any

import pytest

from tests.stage.asgi import Answer
from tests.stage.world import CLIENT_API, World

LOGIN = f"{CLIENT_API}/login"
BORIS = {"type": "m.id.user", "user": "boris"}


async def sign_in(
    world: World, password: str = "boris's own password", *, address: str = "10.0.0.1", **more: Any
) -> Answer:
    body = {"type": "m.login.password", "identifier": BORIS, "password": password, **more}
    return await world.call("POST", LOGIN, body, address=address)


async def refresh(world: World, token: str) -> Answer:
    return await world.call("POST", f"{CLIENT_API}/refresh", {"refresh_token": token})


async def whoami(world: World, token: str) -> Answer:
    return await world.call("GET", f"{CLIENT_API}/account/whoami", token=token)


async def test_the_ways_to_sign_in(world: World) -> None:
    password, token = {"type": "m.login.password"}, {"type": "m.login.token", "get_login_token": True}
    assert (await world.call("GET", LOGIN)).ok() == {"flows": [password, token]}


@pytest.mark.parametrize(
    "who",
    [
        {"identifier": BORIS},
        {"identifier": {**BORIS, "user": "@boris:veche.test"}},
        {"identifier": {**BORIS, "user": "@Boris:veche.test"}},
        {"identifier": None, "user": "boris"},
        {"identifier": None, "user": "@boris:veche.test"},
        {"identifier": None, "user": "BORIS"},
    ],
)
async def test_whom_one_may_sign_in_as(world: World, who: dict[str, Any]) -> None:
    await world.person("boris")
    session = (await sign_in(world, **who)).ok()
    assert session["user_id"] == "@boris:veche.test"
    assert (await whoami(world, session["access_token"])).ok()["device_id"] == session["device_id"]


@pytest.mark.parametrize(
    ("more", "status", "errcode"),
    [
        ({"type": "m.login.token"}, 400, "M_MISSING_PARAM"),
        ({"type": "m.login.token", "token": "guess"}, 403, "M_FORBIDDEN"),
        ({"type": "m.login.sso"}, 400, "M_UNKNOWN"),
        ({"type": None}, 400, "M_BAD_JSON"),
        ({"password": None}, 400, "M_MISSING_PARAM"),
        ({"identifier": None}, 400, "M_MISSING_PARAM"),
        ({"identifier": {"type": "m.id.user"}}, 400, "M_MISSING_PARAM"),
        ({"identifier": {"user": "boris"}}, 400, "M_INVALID_PARAM"),
        ({"identifier": {"type": "m.id.thirdparty", "medium": "email", "address": "b@x"}}, 403, "M_FORBIDDEN"),
        ({"identifier": None, "medium": "email"}, 400, "M_MISSING_PARAM"),
        ({"identifier": {"type": "m.id.phone", "country": "LV", "phone": "1"}}, 403, "M_FORBIDDEN"),
        ({"password": "wrong"}, 403, "M_FORBIDDEN"),
        ({"password": ""}, 403, "M_FORBIDDEN"),
        ({"identifier": {**BORIS, "user": "@boris:elsewhere"}}, 403, "M_FORBIDDEN"),
        ({"identifier": {**BORIS, "user": "bo\x00ris"}}, 403, "M_FORBIDDEN"),
        ({"identifier": {**BORIS, "user": "a" * 300}}, 403, "M_FORBIDDEN"),
        ({"identifier": {**BORIS, "user": ""}}, 403, "M_FORBIDDEN"),
        ({"device_id": "a" * 300}, 400, "M_INVALID_PARAM"),
    ],
)
async def test_what_does_not_sign_in(world: World, more: dict[str, Any], status: int, errcode: str) -> None:
    await world.person("boris")
    (await sign_in(world, **more)).refused(status, errcode)


async def test_nobody_learns_whether_an_account_exists(world: World) -> None:
    await world.person("boris")
    wrong = await sign_in(world, "wrong")
    nobody = await sign_in(world, "wrong", identifier={**BORIS, "user": "nobody"})
    assert (wrong.status, wrong.bytes) == (nobody.status, nobody.bytes)


async def test_ten_wrong_passwords_are_enough(world: World) -> None:
    await world.person("boris")
    for _ in range(10):
        (await sign_in(world, "wrong")).refused(403, "M_FORBIDDEN")
    limited = await sign_in(world)
    assert 0 < limited.refused(429, "M_LIMIT_EXCEEDED")["retry_after_ms"] <= 900_000
    assert 0 < int(limited.headers["retry-after"]) <= 900
    (await sign_in(world, identifier={**BORIS, "user": "@BORIS:veche.test"})).refused(429, "M_LIMIT_EXCEEDED")
    (await sign_in(world, address="10.0.0.2")).ok()
    await world.restart()
    (await sign_in(world)).refused(429, "M_LIMIT_EXCEEDED")
    world.clock.advance(seconds=900)
    (await sign_in(world)).ok()


async def test_many_guesses_at_once_are_no_more_than_ten(world: World) -> None:
    await world.person("boris")
    exchanges = [
        world.begin("POST", LOGIN, {"type": "m.login.password", "user": "boris", "password": f"guess {number}"})
        for number in range(40)
    ]
    answers = [await exchange.answer() for exchange in exchanges]
    assert sorted(answer.status for answer in answers) == [403] * 10 + [429] * 30


async def test_a_right_password_begins_the_count_anew(world: World) -> None:
    await world.person("boris")
    for _ in range(3):
        for _ in range(9):
            (await sign_in(world, "wrong")).refused(403, "M_FORBIDDEN")
        (await sign_in(world)).ok()


async def test_nobody_can_be_guessed_any_more_often(world: World) -> None:
    for _ in range(10):
        (await sign_in(world)).refused(403, "M_FORBIDDEN")
    (await sign_in(world)).refused(429, "M_LIMIT_EXCEEDED")


async def test_wrong_passwords_count_when_one_proves_oneself_too(world: World) -> None:
    boris = await world.person("boris")
    proof = {"type": "m.login.password", "user": "boris", "password": "wrong"}
    for _ in range(10):
        (await boris.post("/delete_devices", {"devices": [], "auth": proof})).refused(401, "M_FORBIDDEN")
    (await boris.post("/delete_devices", {"devices": [], "auth": proof})).refused(429, "M_LIMIT_EXCEEDED")
    other = await world.device(boris.user, "OTHER")
    (await other.post("/delete_devices", {"devices": [], "auth": proof})).refused(401, "M_FORBIDDEN")


async def test_signing_in_again_on_a_device_ends_its_earlier_session(world: World) -> None:
    await world.person("boris")
    first = (await sign_in(world, device_id="PHONE", initial_device_display_name="one")).ok()
    second = (await sign_in(world, device_id="PHONE", initial_device_display_name="two")).ok()
    (await whoami(world, first["access_token"])).refused(401, "M_UNKNOWN_TOKEN")
    device = await world.call("GET", f"{CLIENT_API}/devices/PHONE", token=second["access_token"])
    assert device.ok()["display_name"] == "one"


async def test_a_device_may_not_bear_the_name_of_a_cross_signing_key(world: World) -> None:
    boris = await world.person("boris")
    keys = {"user_id": boris.user, "usage": ["master"], "keys": {"ed25519:base64key": "base64key"}}
    (await boris.post("/keys/device_signing/upload", {"master_key": keys})).ok()
    (await sign_in(world, device_id="base64key")).refused(403, "M_FORBIDDEN")


async def test_signing_out_ends_the_device(world: World) -> None:
    boris = await world.person("boris")
    other = await world.device(boris.user, "OTHER")
    assert (await boris.post("/logout")).ok() == {}
    refused = (await boris.get("/account/whoami")).refused(401, "M_UNKNOWN_TOKEN")
    assert refused["soft_logout"] is False
    assert [device["device_id"] for device in (await other.get("/devices")).ok()["devices"]] == ["OTHER"]


async def test_signing_out_everywhere(world: World) -> None:
    boris, anna = await world.people("boris", "anna")
    other = await world.device(boris.user, "OTHER")
    (await boris.post("/logout/all")).ok()
    for person in (boris, other):
        (await person.get("/account/whoami")).refused(401, "M_UNKNOWN_TOKEN")
    (await anna.get("/account/whoami")).ok()


async def test_a_waiting_poll_ends_with_its_session(world: World) -> None:
    boris = await world.person("boris")
    since = (await boris.get("/sync")).ok()["next_batch"]
    poll = boris.begin("GET", "/sync", since=since, timeout=60_000)
    other = await world.device(boris.user, "OTHER")
    (await other.post("/logout/all")).ok()
    (await poll.answer()).refused(401, "M_UNKNOWN_TOKEN")


async def test_tokens_of_clients_that_refresh_expire_softly(world: World) -> None:
    await world.person("boris")
    session = (await sign_in(world, refresh_token=True)).ok()
    assert session["expires_in_ms"] == 3_600_000
    (await whoami(world, session["access_token"])).ok()
    world.clock.advance(seconds=3600)
    expired = await whoami(world, session["access_token"])
    assert expired.refused(401, "M_UNKNOWN_TOKEN")["soft_logout"] is True
    fresh = (await refresh(world, session["refresh_token"])).ok()
    assert fresh["expires_in_ms"] == 3_600_000
    assert (await whoami(world, fresh["access_token"])).ok()["device_id"] == session["device_id"]


async def test_an_old_refresh_token_is_good_until_the_new_access_token_is_used(world: World) -> None:
    await world.person("boris")
    first = (await sign_in(world, refresh_token=True)).ok()
    lost = (await refresh(world, first["refresh_token"])).ok()
    kept = (await refresh(world, first["refresh_token"])).ok()
    (await whoami(world, lost["access_token"])).refused(401, "M_UNKNOWN_TOKEN")
    (await refresh(world, lost["refresh_token"])).refused(401, "M_UNKNOWN_TOKEN")
    (await whoami(world, kept["access_token"])).ok()
    (await refresh(world, first["refresh_token"])).refused(401, "M_UNKNOWN_TOKEN")
    (await refresh(world, kept["refresh_token"])).ok()


async def test_an_old_refresh_token_is_good_until_the_new_one_is_used(world: World) -> None:
    await world.person("boris")
    first = (await sign_in(world, refresh_token=True)).ok()
    second = (await refresh(world, first["refresh_token"])).ok()
    third = (await refresh(world, second["refresh_token"])).ok()
    (await refresh(world, first["refresh_token"])).refused(401, "M_UNKNOWN_TOKEN")
    (await whoami(world, first["access_token"])).refused(401, "M_UNKNOWN_TOKEN")
    (await whoami(world, third["access_token"])).ok()


async def test_refreshing_needs_a_refresh_token(world: World) -> None:
    boris = await world.person("boris")
    for token in ("", "nonsense", boris.token, "a\x00"):
        refused = (await refresh(world, token)).refused(401, "M_UNKNOWN_TOKEN")
        assert refused["soft_logout"] is False
    (await world.call("POST", f"{CLIENT_API}/refresh", {})).refused(400, "M_MISSING_PARAM")


async def test_signing_out_ends_the_refresh_token_too(world: World) -> None:
    await world.person("boris")
    session = (await sign_in(world, refresh_token=True)).ok()
    (await world.call("POST", f"{CLIENT_API}/logout", {}, token=session["access_token"])).ok()
    (await refresh(world, session["refresh_token"])).refused(401, "M_UNKNOWN_TOKEN")


async def test_a_token_may_stand_in_the_query(world: World) -> None:
    boris = await world.person("boris")
    path = f"{CLIENT_API}/account/whoami"
    assert (await world.call("GET", f"{path}?access_token={boris.token}")).ok()["user_id"] == boris.user
    (await world.call("GET", path)).refused(401, "M_MISSING_TOKEN")
    (await world.call("GET", path, token="nonsense")).refused(401, "M_UNKNOWN_TOKEN")
