"""Accounts: what administering them does, and races between those who register, on both engines."""

import asyncio
from typing import Any

import pytest

from tests.stage.world import World
from veche.commands import accounts, sessions
from veche.commands.accounts import Application, keeping
from veche.commands.sessions import SessionWish
from veche.domain.accounts.tokens import TokenWish
from veche.domain.ids import DeviceId, UserId
from veche.domain.refusals import Refused
from veche.domain.sessions import OPERATOR
from veche.queries import accounts as queries
from veche.storage import profiles

PASSWORD = "a fairly long password"
DUMMY = {"type": "m.login.dummy"}
GRETA = UserId("@greta:veche.test")


def application(name: str, device: str | None = None) -> Application:
    return Application(name, PASSWORD, SessionWish(DeviceId(device) if device else None))


async def outcome(work: Any) -> str:
    """Return ``done``, or the code that the work was refused with."""
    try:
        await work
    except Refused as refused:
        return refused.refusal.code
    return "done"


async def test_of_many_who_want_a_name_one_gets_it(world: World) -> None:
    tries = (outcome(accounts.register(world.commands, application("greta"), DUMMY)) for _ in range(10))
    assert sorted(await asyncio.gather(*tries)) == ["M_USER_IN_USE"] * 9 + ["done"]


@pytest.mark.settings(registration="token")
async def test_a_token_for_one_lets_one_in(world: World) -> None:
    token = (await accounts.add_registration_token(world.commands, OPERATOR, TokenWish(uses_allowed=1))).token
    auth = {"type": "m.login.registration_token", "token": token}
    tries = (outcome(accounts.register(world.commands, application(f"greta{n}"), auth)) for n in range(10))
    assert sorted(await asyncio.gather(*tries)) == ["M_FORBIDDEN"] * 9 + ["done"]
    assert len(await queries.all_accounts(world.queries, OPERATOR)) == 1
    (kept,) = await queries.all_registration_tokens(world.queries, OPERATOR)
    assert kept.uses_done == 1


async def test_what_is_refused_leaves_nothing_behind(world: World) -> None:
    refused = await outcome(accounts.register(world.commands, application("greta", "a\x00b"), DUMMY))
    assert refused == "M_INVALID_PARAM"
    assert await queries.all_accounts(world.queries, OPERATOR) == []


async def test_the_operator_makes_accounts(world: World) -> None:
    assert await queries.all_accounts(world.queries, OPERATOR) == []
    await accounts.create_account(world.commands, OPERATOR, "Greta", PASSWORD, "administrator")
    (entry,) = await queries.all_accounts(world.queries, OPERATOR)
    assert (entry.user_id, entry.role, entry.deactivated_ts) == (GRETA, "administrator", None)
    assert await world.queries.reader.run(lambda at: profiles.fields(at, GRETA)) == {"displayname": "Greta"}


@pytest.mark.parametrize(
    ("name", "password", "code"),
    [
        ("greta!", PASSWORD, "M_INVALID_USERNAME"),
        ("greta", "short", "M_WEAK_PASSWORD"),
        ("anna", PASSWORD, "M_USER_IN_USE"),
    ],
)
async def test_the_operator_is_bound_by_the_same_rules(world: World, name: str, password: str, code: str) -> None:
    await world.person("anna")
    assert await outcome(accounts.create_account(world.commands, OPERATOR, name, password, "user")) == code


async def test_only_administrators_look_after_accounts(world: World) -> None:
    anna = (await world.person("anna")).asker
    ctx, boris = world.commands, UserId("@boris:veche.test")
    for work in (
        accounts.create_account(ctx, anna, "greta", PASSWORD, "user"),
        accounts.reset_password(ctx, anna, boris, PASSWORD),
        accounts.set_role(ctx, anna, anna.user, "administrator"),
        accounts.deactivate_account(ctx, anna, boris, erases=True),
        accounts.add_registration_token(ctx, anna, TokenWish()),
        accounts.revoke_registration_token(ctx, anna, "x"),
        queries.all_accounts(world.queries, anna),
        queries.all_registration_tokens(world.queries, anna),
    ):
        assert await outcome(work) == "M_FORBIDDEN"


@pytest.mark.parametrize("user", ["@greta:veche.test", "greta", "", "@\x00:x"])
async def test_who_is_not_here_cannot_be_looked_after(world: World, user: str) -> None:
    greta, ctx = UserId(user), world.commands
    for work in (
        accounts.reset_password(ctx, OPERATOR, greta, PASSWORD),
        accounts.set_role(ctx, OPERATOR, greta, "administrator"),
        accounts.deactivate_account(ctx, OPERATOR, greta, erases=False),
    ):
        assert await outcome(work) == "M_NOT_FOUND"


async def test_a_reset_password_ends_all_sessions(world: World) -> None:
    anna = await world.person("anna")
    (await anna.get("/devices")).ok()
    await accounts.reset_password(world.commands, OPERATOR, anna.user, PASSWORD)
    (await anna.get("/devices")).refused(401, "M_UNKNOWN_TOKEN")
    await sessions.sign_in(world.commands, "anna", PASSWORD, SessionWish())
    weak = accounts.reset_password(world.commands, OPERATOR, anna.user, "anna")
    assert await outcome(weak) == "M_WEAK_PASSWORD"


async def test_a_new_role_holds_at_once(world: World) -> None:
    anna = await world.person("anna")
    (await anna.get("/devices")).ok()
    assert world.commands.live.sessions.knows(anna.asker.digest, world.clock())
    await accounts.set_role(world.commands, OPERATOR, anna.user, "administrator")
    assert not world.commands.live.sessions.knows(anna.asker.digest, world.clock())
    (entry,) = await queries.all_accounts(world.queries, OPERATOR)
    assert entry.role == "administrator"


async def test_a_deactivated_account_stays_in_the_list(world: World) -> None:
    anna = await world.person("anna")
    await accounts.deactivate_account(world.commands, OPERATOR, anna.user, erases=False)
    (entry,) = await queries.all_accounts(world.queries, OPERATOR)
    assert entry.deactivated_ts is not None
    again = accounts.deactivate_account(world.commands, OPERATOR, anna.user, erases=False)
    assert await outcome(again) == "M_NOT_FOUND"


async def test_erasing_goes_in_slices(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "ERASED_AT_ONCE", 2)
    anna, boris = await world.people("anna", "boris")
    for person in (anna, boris):
        for number in range(5):
            (await person.put(f"/user/{person.user}/account_data/a.{number}", {"n": number})).ok()
    await accounts.deactivate_account(world.commands, OPERATOR, anna.user, erases=True)
    left = await world.queries.reader.run(lambda at: at.all("SELECT user_id FROM account_data"))
    assert left == [(boris.user,)] * 5


async def test_closing_once_more_after_a_crash_changes_nothing(world: World) -> None:
    anna = await world.person("anna")
    await accounts.deactivate_account(world.commands, OPERATOR, anna.user, erases=False)
    [closed] = await queries.all_accounts(world.queries, OPERATOR)
    world.clock.advance(seconds=60)
    await keeping.close_account(world.commands, anna.asker, erases=False)
    [again] = await queries.all_accounts(world.queries, OPERATOR)
    assert (again.user_id, again.deactivated_ts is not None) == (closed.user_id, True)


async def test_what_is_written_while_an_account_closes_is_erased_too(world: World) -> None:
    anna = await world.person("anna")
    await world.commands.writer.run(lambda tx: profiles.put(tx, anna.user, "a.b", 1))
    await world.commands.writer.run(
        lambda tx: keeping._closed(tx, world.commands, anna.user, erases=True)  # noqa: SLF001 - the last slice alone
    )
    assert await world.queries.reader.run(lambda at: profiles.fields(at, anna.user)) == {}


async def test_registration_tokens_are_made_and_revoked(world: World) -> None:
    ctx = world.commands
    made = (await accounts.add_registration_token(ctx, OPERATOR, TokenWish(expires_ts=world.clock() + 1000))).token
    await accounts.add_registration_token(ctx, OPERATOR, TokenWish("letter", 3))
    assert await outcome(accounts.add_registration_token(ctx, OPERATOR, TokenWish("letter", 3))) == "M_INVALID_PARAM"
    assert await outcome(accounts.add_registration_token(ctx, OPERATOR, TokenWish("a b"))) == "M_INVALID_PARAM"
    assert await outcome(accounts.revoke_registration_token(ctx, OPERATOR, "nope")) == "M_NOT_FOUND"
    assert await queries.token_is_valid(world.queries, "letter")
    await accounts.revoke_registration_token(ctx, OPERATOR, "letter")
    assert not await queries.token_is_valid(world.queries, "letter")
    listed = await queries.all_registration_tokens(world.queries, OPERATOR)
    assert {token.token: token.revoked_ts is None for token in listed} == {made: True, "letter": False}
