"""Tokens for one thing in matrix-js-sdk: one device lets in another, a service learns who somebody is."""

import aiohttp

from tests.clients.stage import Stage


async def test_a_device_is_let_in_by_another(stage: Stage) -> None:
    anna = await stage.js("anna")
    made = await anna.do("login_token")
    assert 0 < made["expires_in_ms"] <= 120_000
    tablet = await stage.js_again(anna.account, token=made["login_token"])
    assert tablet.user_id == anna.user_id
    assert tablet.device_id != anna.device_id


async def test_a_service_learns_who_somebody_is(stage: Stage) -> None:
    anna = await stage.js("anna")
    token = await anna.do("openid_token")
    assert token["matrix_server_name"] == anna.user_id.partition(":")[2]
    path = f"{anna.account.base_url}/_matrix/federation/v1/openid/userinfo"
    async with (
        aiohttp.ClientSession() as session,
        session.get(path, params={"access_token": token["access_token"]}) as answer,
    ):
        assert await answer.json() == {"sub": anna.user_id}


async def test_without_a_relay_there_is_none(stage: Stage) -> None:
    anna = await stage.js("anna")
    assert await anna.do("relay") == {}
