"""The first administrator's link on both engines: once, for a day, for one of many, and what is there afterwards."""

import asyncio
from typing import Any

import pytest

from tests.commands.test_accounts import outcome
from tests.stage.world import World
from veche.commands import accounts
from veche.domain.accounts.first import FAULTS, LINK_MS, FirstWish
from veche.domain.refusals import Refused
from veche.domain.sessions import OPERATOR, digest_of
from veche.queries import accounts as queries
from veche.queries import operation

PASSWORD = "a fairly long password"
WISH = FirstWish("greta", "Грета Иванова", PASSWORD, PASSWORD)


async def offered(world: World) -> str:
    """Return the token of a fresh link."""
    token = await accounts.offer_first_link(world.commands)
    assert token is not None
    return token


async def used(world: World, token: str, wish: FirstWish = WISH) -> str:
    """Return what came of using a link."""
    return await outcome(accounts.make_first_administrator(world.commands, token, wish))


async def opened(world: World, token: str) -> str:
    """Return what came of looking at a link."""
    return await outcome(queries.first_link(world.queries, token))


async def everybody(world: World) -> list[tuple[str, str]]:
    """Return (user, role) of all accounts."""
    return [(entry.user_id, entry.role) for entry in await queries.all_accounts(world.queries, OPERATOR)]


async def test_a_link_makes_the_first_administrator_once(world: World) -> None:
    token = await offered(world)
    assert await opened(world, token) == "done"
    assert await used(world, token) == "done"
    assert await everybody(world) == [("@greta:veche.test", "administrator")]
    assert await used(world, token, FirstWish("hanna", "Ханна", PASSWORD)) == "org.veche.link_gone"
    assert await opened(world, token) == "org.veche.link_gone"
    assert await accounts.offer_first_link(world.commands) is None
    signed_in = await world.call("POST", "/_matrix/client/v3/login", sign_in("greta"))
    me = signed_in.ok()["access_token"]
    profile = await world.call("GET", "/_matrix/client/v3/profile/@greta:veche.test", token=me)
    assert profile.ok() == {"displayname": "Грета Иванова"}


def sign_in(name: str) -> dict[str, Any]:
    """What a client sends to sign in."""
    return {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": name},
        "password": PASSWORD,
    }


async def test_what_was_done_is_written_down_without_the_link(world: World) -> None:
    token = await offered(world)
    assert await used(world, token) == "done"
    (act,) = await operation.acts(world.queries, OPERATOR, 2**53, 10)
    assert (act.by, act.what, act.whom) == (None, "create account", "@greta:veche.test")
    assert token not in str(act)


async def test_the_database_knows_only_the_digest(world: World) -> None:
    token = await offered(world)
    rows = await world.queries.reader.run(lambda at: at.all("SELECT digest, expires_ts, used_ts FROM first_links"))
    assert [(bytes(digest), used_ts) for digest, _, used_ts in rows] == [(digest_of(token), None)]
    assert len(token) == 26  # 128 bits, five in each letter


async def test_of_many_at_once_one_wins(world: World) -> None:
    token = await offered(world)
    wishes = [FirstWish(f"greta{number}", "Грета", PASSWORD) for number in range(8)]
    found = await asyncio.gather(*(used(world, token, wish) for wish in wishes))
    assert sorted(found) == ["done"] + ["org.veche.link_gone"] * 7
    assert len(await everybody(world)) == 1


async def test_a_link_ends_after_a_day(world: World) -> None:
    token = await offered(world)
    world.clock.advance(ms=LINK_MS - 60_000)
    assert await opened(world, token) == "done"
    world.clock.advance(ms=60_000)
    assert await opened(world, token) == "org.veche.link_gone"
    assert await used(world, token) == "org.veche.link_gone"
    assert await everybody(world) == []
    assert await used(world, await offered(world)) == "done"


async def test_a_link_that_ends_while_it_is_used_is_not_used(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await offered(world)
    hashing = world.commands.outside.hashing

    async def slow(password: str) -> str:
        world.clock.advance(ms=LINK_MS)
        return password

    monkeypatch.setattr(type(hashing), "hash", lambda _, password: slow(password))
    assert await used(world, token) == "org.veche.link_gone"
    assert await everybody(world) == []


async def test_a_restart_remembers_and_a_fresh_link_replaces_it(world: World) -> None:
    token = await offered(world)
    await world.restart()
    assert await opened(world, token) == "done"
    fresh = await offered(world)
    assert await opened(world, token) == await used(world, token) == "M_NOT_FOUND"
    assert await used(world, fresh) == "done"
    await world.restart()
    assert await opened(world, fresh) == "org.veche.link_gone"


@pytest.mark.parametrize("token", ["", "guess", "a" * 26, "\x00", "\ud800", "x" * 10_000])
async def test_a_guess_is_not_found(world: World, token: str) -> None:
    await offered(world)
    assert await opened(world, token) == await used(world, token) == "M_NOT_FOUND"
    assert await everybody(world) == []


async def test_whoever_became_administrator_otherwise_ends_the_link(world: World) -> None:
    token = await offered(world)
    await accounts.create_account(world.commands, OPERATOR, "anna", PASSWORD, "user")
    assert await opened(world, token) == "done"
    await accounts.create_account(world.commands, OPERATOR, "elena", PASSWORD, "administrator")
    assert await opened(world, token) == await used(world, token) == "org.veche.link_gone"


async def test_what_was_entered_wrongly_leaves_the_link_as_it_was(world: World) -> None:
    token = await offered(world)
    await world.person("anna")
    with pytest.raises(Refused) as wrong:
        await accounts.make_first_administrator(world.commands, token, FirstWish("Анна!", "", "x", "y"))
    assert wrong.value.refusal.extra is not None
    assert [fault["field"] for fault in wrong.value.refusal.extra[FAULTS]] == ["username", "password", "password_again"]
    assert await used(world, token, FirstWish("anna", "Анна", PASSWORD)) == "M_USER_IN_USE"
    assert await used(world, token) == "done"


@pytest.mark.settings(shortest_password=30)
async def test_the_password_policy_holds_for_the_first_too(world: World) -> None:
    token = await offered(world)
    assert (await queries.first_link(world.queries, token)).least_length == 30
    assert await used(world, token) == "M_WEAK_PASSWORD"
