"""Registration tokens at the door: administrators see, make and revoke them."""

import pytest

from tests.stage.world import World

TOKENS = "/_veche/v1/registration_tokens"
REGISTER = "/_matrix/client/v3/register"
PASSWORD = "a fairly long password"


@pytest.mark.settings(registration="token")
async def test_a_token_is_made_used_seen_and_revoked(world: World) -> None:
    elena = await world.person("elena", role="administrator")
    room = (await elena.post("/createRoom", {"room_alias_name": "board"})).ok()["room_id"]
    end = world.clock() + 60_000
    wish = {"token": "letter", "uses_allowed": 2, "expires_ts": end, "rooms": ["#board:veche.test"]}
    made = (await elena.post(TOKENS, wish)).ok()
    assert made == {
        "token": "letter",
        "uses_allowed": 2,
        "uses_done": 0,
        "expires_ts": end,
        "created_ts": made["created_ts"],
        "revoked_ts": None,
        "role": "user",
        "made_by": elena.user,
        "rooms": [room],
    }
    auth = {"type": "m.login.registration_token", "token": "letter"}
    registered = await world.call("POST", REGISTER, {"username": "greta", "password": PASSWORD, "auth": auth})
    token = registered.ok()["access_token"]
    rooms = (await world.call("GET", "/_matrix/client/v3/joined_rooms", token=token)).ok()
    assert rooms == {"joined_rooms": [room]}
    assert (await elena.get(TOKENS)).ok() == {"registration_tokens": [{**made, "uses_done": 1}]}
    assert (await elena.delete(f"{TOKENS}/letter")).ok() == {}
    (listed,) = (await elena.get(TOKENS)).ok()["registration_tokens"]
    assert listed["revoked_ts"] is not None
    again = await world.call("POST", REGISTER, {"username": "hanna", "password": PASSWORD, "auth": auth})
    again.refused(401, "M_FORBIDDEN")


async def test_without_a_wish_the_server_makes_one_up(world: World) -> None:
    elena = await world.person("elena", role="administrator")
    made = (await elena.post(TOKENS)).ok()
    assert (len(made["token"]), made["uses_allowed"], made["expires_ts"]) == (26, None, None)


@pytest.mark.parametrize(
    ("wish", "errcode", "field"),
    [
        ({"token": "a b"}, "M_INVALID_PARAM", "token"),
        ({"uses_allowed": 0}, "M_INVALID_PARAM", "uses_allowed"),
        ({"uses_allowed": "many"}, "M_BAD_JSON", "uses_allowed"),
        ({"expires_ts": 1}, "M_INVALID_PARAM", "expires_ts"),
        ({"role": "king"}, "M_BAD_JSON", "role"),
        ({"role": "administrator"}, "M_INVALID_PARAM", "uses_allowed"),
        ({"rooms": ["#none:veche.test"]}, "M_INVALID_PARAM", "rooms"),
        ({"rooms": ["a\x00"]}, "M_INVALID_PARAM", "rooms"),
        ({"rooms": "all"}, "M_BAD_JSON", "rooms"),
        ({"token": "taken"}, "M_INVALID_PARAM", "token"),
    ],
)
async def test_what_cannot_be_made_says_why(world: World, wish: dict[str, object], errcode: str, field: str) -> None:
    elena = await world.person("elena", role="administrator")
    (await elena.post(TOKENS, {"token": "taken"})).ok()
    assert (await elena.post(TOKENS, wish)).refused(400, errcode)["org.veche.field"] == field


async def test_what_is_not_there_cannot_be_revoked(world: World) -> None:
    elena = await world.person("elena", role="administrator")
    (await elena.delete(f"{TOKENS}/none")).refused(404, "M_NOT_FOUND")
    (await elena.delete(f"{TOKENS}/a%00")).refused(400, "M_INVALID_PARAM")


async def test_tokens_are_for_administrators(world: World) -> None:
    anna = await world.person("anna")
    for answer in (await anna.get(TOKENS), await anna.post(TOKENS, {}), await anna.delete(f"{TOKENS}/letter")):
        answer.refused(403, "M_FORBIDDEN")
