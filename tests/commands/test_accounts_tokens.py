"""Registration tokens on both engines: what they keep, who makes them, and the last use among many."""

import asyncio

import pytest

from tests.commands.test_accounts import application, outcome
from tests.stage.world import World
from veche.commands import accounts
from veche.domain.accounts.tokens import RegistrationToken, TokenWish
from veche.domain.sessions import OPERATOR
from veche.queries import accounts as queries


async def kept(world: World) -> list[RegistrationToken]:
    """Return all tokens."""
    return await queries.all_registration_tokens(world.queries, OPERATOR)


async def test_a_token_keeps_what_it_promises(world: World) -> None:
    elena = await world.person("elena", role="administrator")
    room = (await elena.post("/createRoom", {"room_alias_name": "board"})).ok()["room_id"]
    end = world.clock() + 1000
    wish = TokenWish(None, 3, end, "administrator", ("#board:veche.test", room))
    made = await accounts.add_registration_token(world.commands, elena.asker, wish)
    assert (made.uses_allowed, made.uses_done, made.expires_ts, made.role) == (3, 0, end, "administrator")
    assert (made.made_by, made.rooms) == (elena.user, (room,))
    plain = await accounts.add_registration_token(world.commands, OPERATOR, TokenWish("letter"))
    assert (plain.made_by, plain.rooms, plain.role) == (None, (), "user")
    await world.restart()
    assert await kept(world) == sorted((made, plain), key=lambda token: (token.created_ts, token.token))


@pytest.mark.parametrize("room", ["#none:veche.test", "!none:veche.test"])
async def test_a_room_that_is_not_there_cannot_be_promised(world: World, room: str) -> None:
    wish = TokenWish("letter", rooms=(room,))
    assert await outcome(accounts.add_registration_token(world.commands, OPERATOR, wish)) == "M_INVALID_PARAM"
    assert await kept(world) == []


@pytest.mark.settings(registration="token")
async def test_the_last_use_is_had_once(world: World) -> None:
    await accounts.add_registration_token(world.commands, OPERATOR, TokenWish("letter", 2))
    proof = {"type": "m.login.registration_token", "token": "letter"}
    tries = (outcome(accounts.register(world.commands, application(f"greta{n}"), proof)) for n in range(6))
    assert sorted(await asyncio.gather(*tries)) == ["M_FORBIDDEN"] * 4 + ["done"] * 2
    (token,) = await kept(world)
    assert token.uses_done == 2


async def test_a_token_is_revoked_once(world: World) -> None:
    await accounts.add_registration_token(world.commands, OPERATOR, TokenWish("letter"))
    await accounts.revoke_registration_token(world.commands, OPERATOR, "letter")
    (first,) = await kept(world)
    world.clock.advance(seconds=5)
    await accounts.revoke_registration_token(world.commands, OPERATOR, "letter")
    assert await kept(world) == [first]
