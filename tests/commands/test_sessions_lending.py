"""Tokens that serve for one thing and a short time, on both engines: how they end, and what they do not open."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS
from tests.stage.world import Person, World
from veche.commands import accounts, sessions
from veche.commands.sessions import NewSession, SessionWish, lending
from veche.domain.ids import DeviceId, UserId
from veche.domain.refusals import Refused
from veche.domain.sessions import LOGIN_TOKEN_MS, OPENID_MS, Origin
from veche.queries.sessions import identify, own_sign_ins, vouched_for

WISH = SessionWish(DeviceId("TELEPHONE"), "Telephone", origin=Origin("10.0.0.1", 50_000, "Test/1.0"))


def proof(person: Person) -> dict[str, Any]:
    """What proves a person's password."""
    name = person.user[1:].partition(":")[0]
    return {"type": "m.login.password", "password": f"{name}'s own password"}


async def login_token(person: Person, world: World) -> str:
    return (await sessions.let_device_in(world.commands, person.asker, proof(person))).token


async def openid_token(person: Person, world: World) -> str:
    return (await sessions.vouch_for(world.commands, person.asker, person.user)).token


async def signed_in(world: World, token: str) -> tuple[UserId, NewSession]:
    return await sessions.sign_in_by_token(world.commands, token, WISH)


async def refused(work: Any) -> str:
    with pytest.raises(Refused) as found:
        await work
    return found.value.refusal.code


async def stored(world: World) -> list[tuple[Any, ...]]:
    """What the database holds of such tokens."""
    return await world.queries.reader.run(lambda at: at.all("SELECT digest, kind, user_id FROM short_tokens"))


async def test_a_login_token_lets_one_device_in_once(world: World) -> None:
    anna = await world.person(ANNA)
    token = await login_token(anna, world)
    user, session = await signed_in(world, token)
    assert (user, session.device) == (anna.user, "TELEPHONE")
    assert (await identify(world.queries, session.access_token, Origin)).device == "TELEPHONE"
    assert await refused(signed_in(world, token)) == "M_FORBIDDEN"
    [arrival] = await own_sign_ins(world.queries, anna.asker, 1_000, 10)
    assert (arrival.method, arrival.outcome, arrival.address) == ("login token", "success", "10.0.0.1")


async def test_only_digests_are_stored(world: World) -> None:
    anna = await world.person(ANNA)
    tokens = [await login_token(anna, world), await openid_token(anna, world)]
    rows = await stored(world)
    assert {kind for _, kind, _ in rows} == {"login", "openid"}
    assert all(token.encode() not in bytes(digest) and len(digest) == 32 for token in tokens for digest, _, _ in rows)


async def test_a_login_token_is_good_for_two_minutes(world: World) -> None:
    anna = await world.person(ANNA)
    token = await login_token(anna, world)
    world.clock.advance(ms=LOGIN_TOKEN_MS)
    assert await refused(signed_in(world, token)) == "M_FORBIDDEN"


async def test_an_openid_token_tells_for_an_hour_whose_it_is(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    token = await openid_token(anna, world)
    assert await vouched_for(world.queries, token) == anna.user
    assert await vouched_for(world.queries, token) == anna.user
    assert await refused(sessions.vouch_for(world.commands, boris.asker, anna.user)) == "M_FORBIDDEN"
    world.clock.advance(ms=OPENID_MS)
    assert await refused(vouched_for(world.queries, token)) == "M_UNKNOWN_TOKEN"


async def test_each_serves_for_its_own_thing_only(world: World) -> None:
    anna = await world.person(ANNA)
    openid, login = await openid_token(anna, world), await login_token(anna, world)
    assert await refused(signed_in(world, openid)) == "M_FORBIDDEN"
    assert await refused(vouched_for(world.queries, login)) == "M_UNKNOWN_TOKEN"
    for token in (openid, login):
        assert await refused(identify(world.queries, token, Origin)) == "M_UNKNOWN_TOKEN"
    assert (await signed_in(world, login))[0] == anna.user


async def test_they_end_with_the_device_that_asked_for_them(world: World) -> None:
    anna = await world.person(ANNA)
    tablet = await world.device(anna.user, "TABLET")
    openid, login = await openid_token(tablet, world), await login_token(tablet, world)
    kept = await openid_token(anna, world)
    await sessions.sign_out(world.commands, tablet.asker)
    assert await refused(signed_in(world, login)) == "M_FORBIDDEN"
    assert await refused(vouched_for(world.queries, openid)) == "M_UNKNOWN_TOKEN"
    assert await vouched_for(world.queries, kept) == anna.user


async def test_they_end_with_the_account(world: World) -> None:
    anna = await world.person(ANNA)
    openid, login = await openid_token(anna, world), await login_token(anna, world)
    await accounts.deactivate(world.commands, anna.asker, proof(anna), erases=False)
    assert await refused(signed_in(world, login)) == "M_FORBIDDEN"
    assert await refused(vouched_for(world.queries, openid)) == "M_UNKNOWN_TOKEN"


async def test_login_tokens_end_with_the_password_whoever_asked_for_them(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    openid, login = await openid_token(anna, world), await login_token(anna, world)
    others = await login_token(boris, world)
    await accounts.change_password(
        world.commands, anna.asker, "quite another password", proof(anna), ends_other_sessions=False
    )
    assert await refused(signed_in(world, login)) == "M_FORBIDDEN"
    assert await vouched_for(world.queries, openid) == anna.user
    assert (await signed_in(world, others))[0] == boris.user


async def test_a_lock_holds_against_them_and_spends_the_login_token(world: World) -> None:
    anna = await world.person(ANNA)
    elena = await world.person("elena", role="administrator")
    openid, login = await openid_token(anna, world), await login_token(anna, world)
    path = f"/_matrix/client/v1/admin/lock/{anna.user}"
    (await elena.put(path, {"locked": True})).ok()
    assert await refused(signed_in(world, login)) == "M_USER_LOCKED"
    assert await refused(vouched_for(world.queries, openid)) == "M_UNKNOWN_TOKEN"
    (await elena.put(path, {"locked": False})).ok()
    assert await refused(signed_in(world, login)) == "M_FORBIDDEN"
    [failure] = await own_sign_ins(world.queries, anna.asker, 1_000, 10)
    assert (failure.method, failure.outcome) == ("login token", "locked")


async def test_the_password_is_asked_for_each_time(world: World) -> None:
    anna = await world.person(ANNA)
    for _ in range(2):
        with pytest.raises(Refused) as found:
            await sessions.let_device_in(world.commands, anna.asker, None)
        assert found.value.refusal.status == 401
        session = (found.value.refusal.extra or {})["session"]
        await sessions.let_device_in(world.commands, anna.asker, {**proof(anna), "session": session})
        assert await refused(
            sessions.let_device_in(world.commands, anna.asker, {"type": "m.login.password", "session": session})
        )


async def test_ended_ones_are_swept(world: World) -> None:
    anna = await world.person(ANNA)
    await login_token(anna, world)
    world.clock.advance(ms=LOGIN_TOKEN_MS + 1)
    kept = await openid_token(anna, world)
    await sessions.forget_ended_tokens(world.commands)
    assert [kind for _, kind, _ in await stored(world)] == ["openid"]
    assert await vouched_for(world.queries, kept) == anna.user
    world.clock.advance(ms=OPENID_MS + 1)
    await sessions.forget_ended_tokens(world.commands)
    assert await stored(world) == []


async def test_ended_ones_are_swept_in_slices(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lending, "_FORGOTTEN_AT_ONCE", 2)
    anna = await world.person(ANNA)
    for _ in range(5):
        await openid_token(anna, world)
    world.clock.advance(ms=OPENID_MS + 1)
    kept = await openid_token(anna, world)
    await sessions.forget_ended_tokens(world.commands)
    assert len(await stored(world)) == 1
    assert await vouched_for(world.queries, kept) == anna.user
