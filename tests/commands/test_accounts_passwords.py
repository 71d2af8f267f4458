"""Passwords: the policy at work, codes for forgotten ones, and other people's names, on both engines."""

import asyncio
from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA
from tests.stage.rooms import found
from tests.stage.world import World
from veche.commands import accounts, sessions
from veche.commands.accounts import Application
from veche.commands.sessions import SessionWish
from veche.domain.accounts.passwords import MOST_TRIES, PasswordPolicy, PolicyChange
from veche.domain.ids import UserId
from veche.domain.refusals import Refusal, Refused
from veche.domain.sessions import OPERATOR, Origin
from veche.queries import accounts as queries
from veche.queries import operation

PASSWORD = "a fairly long password"
THERE = Origin("10.0.0.1", 5, "Test/1.0")


async def refusal(work: Any) -> Refusal | None:
    """Return what the work was refused with."""
    try:
        await work
    except Refused as refused:
        return refused.refusal
    return None


async def code_of(work: Any) -> str:
    """Return ``done``, or the code that the work was refused with."""
    found = await refusal(work)
    return "done" if found is None else found.code


def reset(world: World, name: str, code: str, password: str = PASSWORD, origin: Origin = THERE) -> Any:
    """Somebody uses a code."""
    return accounts.reset_by_code(world.commands, name, code, password, origin)


def sign_in(world: World, name: str, password: str) -> Any:
    """Somebody signs in."""
    return sessions.sign_in(world.commands, name, password, SessionWish())


async def test_the_policy_holds_for_everybody_who_chooses_a_password(world: World) -> None:
    anna, ctx = await world.person(ANNA), world.commands
    assert await queries.password_policy(world.queries) == PasswordPolicy()
    change = PolicyChange(least_length=6, classes=("digit",), forbids_common=False)
    assert await accounts.change_password_policy(ctx, OPERATOR, change) == await queries.password_policy(world.queries)
    application = Application("greta", "no number here", SessionWish())
    dummy = {"type": "m.login.dummy"}
    proof = {"type": "m.login.password", "password": "anna's own password"}
    code = (await accounts.make_reset_code(ctx, OPERATOR, anna.user)).code
    for work in (
        accounts.register(ctx, application, dummy),
        accounts.create_account(ctx, OPERATOR, "greta", "no number here", "user"),
        accounts.reset_password(ctx, OPERATOR, anna.user, "no number here"),
        accounts.change_password(ctx, anna.asker, "no number here", proof, ends_other_sessions=False),
        reset(world, ANNA, code, "no number here"),
    ):
        weak = await refusal(work)
        assert weak is not None
        assert (weak.code, weak.field) == ("M_WEAK_PASSWORD", "classes")
    await accounts.reset_password(ctx, OPERATOR, anna.user, "123456")
    await sign_in(world, ANNA, "123456")


async def test_passwords_that_exist_stay_valid(world: World) -> None:
    await world.person(ANNA)
    await accounts.change_password_policy(world.commands, OPERATOR, PolicyChange(least_length=500))
    await sign_in(world, ANNA, "anna's own password")


async def test_a_policy_survives_a_restart(world: World) -> None:
    await accounts.change_password_policy(world.commands, OPERATOR, PolicyChange(least_length=20))
    await world.restart()
    assert (await queries.password_policy(world.queries)).least_length == 20


@pytest.mark.settings(shortest_password=20)
async def test_the_setting_is_what_the_policy_begins_with(world: World) -> None:
    assert (await queries.password_policy(world.queries)).least_length == 20
    await accounts.change_password_policy(world.commands, OPERATOR, PolicyChange(classes=("upper",)))
    assert await queries.password_policy(world.queries) == PasswordPolicy(20, ("upper",))


async def test_who_may_change_the_policy_and_to_what(world: World) -> None:
    anna, ctx = await world.person(ANNA), world.commands
    assert await code_of(accounts.change_password_policy(ctx, anna.asker, PolicyChange())) == "M_FORBIDDEN"
    wrong = accounts.change_password_policy(ctx, OPERATOR, PolicyChange(least_length=0))
    assert await code_of(wrong) == "M_INVALID_PARAM"
    assert await operation.acts(world.queries, OPERATOR, 2**53, 10) == []
    await accounts.change_password_policy(ctx, OPERATOR, PolicyChange(least_length=8))
    (act,) = await operation.acts(world.queries, OPERATOR, 2**53, 10)
    assert (act.what, act.details["policy"]["least_length"]) == ("change password policy", 8)


async def test_the_present_password_is_not_chosen_again(world: World) -> None:
    boris, ctx = await world.person(BORIS), world.commands
    await accounts.reset_password(ctx, OPERATOR, boris.user, PASSWORD)
    proof = {"type": "m.login.password", "password": PASSWORD}

    def choose() -> Any:
        return accounts.change_password(ctx, boris.asker, PASSWORD, proof, ends_other_sessions=False)

    same = await refusal(choose())
    assert same is not None
    assert (same.code, same.field) == ("M_WEAK_PASSWORD", "forbids_current")
    code = (await accounts.make_reset_code(ctx, OPERATOR, boris.user)).code
    assert await code_of(reset(world, BORIS, code)) == "M_WEAK_PASSWORD"
    await accounts.change_password_policy(ctx, OPERATOR, PolicyChange(forbids_current=False))
    assert await code_of(choose()) == "done"
    code = (await accounts.make_reset_code(ctx, OPERATOR, boris.user)).code
    assert await code_of(reset(world, BORIS, code)) == "done"


async def test_an_old_password_signs_nobody_in_where_the_policy_says_so(world: World) -> None:
    anna, ctx = await world.person(ANNA), world.commands
    world.clock.advance(seconds=31 * 86_400)
    await sign_in(world, ANNA, "anna's own password")
    await accounts.change_password_policy(ctx, OPERATOR, PolicyChange(maximum_age_days=30))
    assert await code_of(sign_in(world, ANNA, "anna's own password")) == "ORG.VECHE.PASSWORD_TOO_OLD"
    assert await code_of(sign_in(world, ANNA, "a wrong password")) == "M_FORBIDDEN"
    (await anna.get("/account/whoami")).ok()
    await accounts.reset_password(ctx, OPERATOR, anna.user, PASSWORD)
    await sign_in(world, ANNA, PASSWORD)
    world.clock.advance(seconds=30 * 86_400)
    assert await code_of(sign_in(world, ANNA, PASSWORD)) == "ORG.VECHE.PASSWORD_TOO_OLD"


async def test_a_code_is_good_for_one_new_password(world: World) -> None:
    anna = await world.person(ANNA)
    made = await accounts.make_reset_code(world.commands, OPERATOR, anna.user)
    assert made.expires_ts <= world.clock() + 86_400_000
    await reset(world, "Anna", made.code.lower().replace("-", " "))
    (await anna.get("/account/whoami")).refused(401, "M_UNKNOWN_TOKEN")
    await sign_in(world, ANNA, PASSWORD)
    assert await code_of(sign_in(world, ANNA, "anna's own password")) == "M_FORBIDDEN"
    assert await code_of(reset(world, ANNA, made.code, "yet another password")) == "M_FORBIDDEN"


async def test_only_the_hash_of_a_code_is_stored(world: World) -> None:
    anna = await world.person(ANNA)
    made = await accounts.make_reset_code(world.commands, OPERATOR, anna.user)
    (row,) = await world.queries.reader.run(lambda at: at.all("SELECT * FROM reset_codes"))
    assert made.code not in str(row)
    acts = str(await operation.acts(world.queries, OPERATOR, 2**53, 10))
    assert "make reset code" in acts
    assert made.code not in acts
    assert made.code.replace("-", "") not in acts


async def test_a_newer_code_revokes_the_older(world: World) -> None:
    anna = await world.person(ANNA)
    first = await accounts.make_reset_code(world.commands, OPERATOR, anna.user)
    second = await accounts.make_reset_code(world.commands, OPERATOR, anna.user)
    assert first.code != second.code
    assert await code_of(reset(world, ANNA, first.code)) == "M_FORBIDDEN"
    assert await code_of(reset(world, ANNA, second.code)) == "done"


async def test_a_code_ends_after_a_day(world: World) -> None:
    anna = await world.person(ANNA)
    made = await accounts.make_reset_code(world.commands, OPERATOR, anna.user)
    world.clock.advance(seconds=86_401)
    assert await code_of(reset(world, ANNA, made.code)) == "M_FORBIDDEN"
    await sessions.forget_old_sign_ins(world.commands)
    assert await world.queries.reader.run(lambda at: at.all("SELECT * FROM reset_codes")) == []


async def test_strangers_who_guess_do_not_spoil_a_code(world: World) -> None:
    anna = await world.person(ANNA)
    made = await accounts.make_reset_code(world.commands, OPERATOR, anna.user)
    for number in range(40):
        origin = Origin(f"10.0.1.{number // 8}")
        assert await code_of(reset(world, ANNA, "WRONG-CODES", origin=origin)) == "M_FORBIDDEN"
    assert await code_of(reset(world, ANNA, made.code)) == "done"


async def test_guessing_a_code_has_an_end_wherever_it_comes_from(world: World) -> None:
    anna = await world.person(ANNA)
    made = await accounts.make_reset_code(world.commands, OPERATOR, anna.user)
    await world.commands.writer.run(lambda tx: tx.run("UPDATE reset_codes SET tries = ?", MOST_TRIES))
    assert await code_of(reset(world, ANNA, made.code)) == "M_FORBIDDEN"


async def test_a_code_ends_with_the_password_it_was_made_for(world: World) -> None:
    anna, ctx = await world.person(ANNA), world.commands
    made = await accounts.make_reset_code(ctx, OPERATOR, anna.user)
    proof = {"type": "m.login.password", "password": "anna's own password"}
    await accounts.change_password(ctx, anna.asker, PASSWORD, proof, ends_other_sessions=False)
    assert await code_of(reset(world, ANNA, made.code, "one that a thief chose")) == "M_FORBIDDEN"
    made = await accounts.make_reset_code(ctx, OPERATOR, anna.user)
    await accounts.reset_password(ctx, OPERATOR, anna.user, "what the operator chose")
    assert await code_of(reset(world, ANNA, made.code, "one that a thief chose")) == "M_FORBIDDEN"
    await sign_in(world, ANNA, "what the operator chose")


async def test_whoever_guesses_learns_nothing(world: World) -> None:
    anna, _, carla = await world.people(ANNA, BORIS, CARLA)
    await accounts.make_reset_code(world.commands, OPERATOR, anna.user)
    await accounts.deactivate_account(world.commands, OPERATOR, carla.user, erases=False)
    names = (ANNA, BORIS, CARLA, "nobody", "@anna:elsewhere.test", "", "a\x00", "@" * 300)
    told = [await refusal(reset(world, name, "ABCDE-FGHJK", origin=Origin(f"{n}"))) for n, name in enumerate(names)]
    assert told[0] is not None
    assert (told[0].code, told[0].status) == ("M_FORBIDDEN", 403)
    assert all(one == told[0] for one in told)


async def test_guessing_from_one_address_has_an_end(world: World) -> None:
    anna = await world.person(ANNA)
    made = await accounts.make_reset_code(world.commands, OPERATOR, anna.user)
    for number in range(10):
        assert await code_of(reset(world, f"nobody{number}", "ABCDE-FGHJK")) == "M_FORBIDDEN"
    limited = await refusal(reset(world, ANNA, made.code))
    assert limited is not None
    assert (limited.code, limited.status) == ("M_LIMIT_EXCEEDED", 429)
    assert await code_of(reset(world, ANNA, made.code, origin=Origin("10.0.0.2"))) == "done"


async def test_a_network_is_counted_as_one_address(world: World) -> None:
    anna = await world.person(ANNA)
    made = await accounts.make_reset_code(world.commands, OPERATOR, anna.user)
    for number in range(10):
        origin = Origin(f"2001:db8::{number:x}")
        assert await code_of(reset(world, ANNA, "ABCDE-FGHJK", origin=origin)) == "M_FORBIDDEN"
        wish = SessionWish(origin=origin)
        assert await code_of(sessions.sign_in(world.commands, ANNA, "not hers", wish)) == "M_FORBIDDEN"
    next_one, neighbour = Origin("2001:db8::ffff"), Origin("2001:db8:0:1::1")
    assert await code_of(reset(world, ANNA, made.code, origin=next_one)) == "M_LIMIT_EXCEEDED"
    limited = sessions.sign_in(world.commands, ANNA, "anna's own password", SessionWish(origin=next_one))
    assert await code_of(limited) == "M_LIMIT_EXCEEDED"
    assert await code_of(reset(world, ANNA, made.code, origin=neighbour)) == "done"


async def test_of_two_who_use_a_code_at_once_one_succeeds(world: World) -> None:
    anna = await world.person(ANNA)
    made = await accounts.make_reset_code(world.commands, OPERATOR, anna.user)
    tries = (code_of(reset(world, ANNA, made.code, f"a fairly long one {n}")) for n in range(2))
    assert sorted(await asyncio.gather(*tries)) == ["M_FORBIDDEN", "done"]


async def test_who_may_make_codes_and_for_whom(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    ctx = world.commands
    assert await code_of(accounts.make_reset_code(ctx, anna.asker, boris.user)) == "M_FORBIDDEN"
    assert await code_of(accounts.make_reset_code(ctx, OPERATOR, UserId("@nobody:veche.test"))) == "M_NOT_FOUND"
    made = await accounts.make_reset_code(ctx, OPERATOR, anna.user)
    await accounts.deactivate_account(ctx, OPERATOR, anna.user, erases=False)
    assert await code_of(reset(world, ANNA, made.code)) == "M_FORBIDDEN"


async def test_a_renamed_person_is_shown_so_in_their_rooms(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    await accounts.rename_person(world.commands, OPERATOR, boris.user, "Boris Petrov")
    assert (await anna.get(f"/profile/{boris.user}/displayname")).ok() == {"displayname": "Boris Petrov"}
    member = (await anna.get(f"/rooms/{room}/state/m.room.member/{boris.user}", format="event")).ok()
    assert (member["content"]["displayname"], member["sender"]) == ("Boris Petrov", boris.user)
    await accounts.rename_person(world.commands, OPERATOR, boris.user, "")
    assert (await anna.get(f"/profile/{boris.user}")).ok() == {}
    member = (await anna.get(f"/rooms/{room}/state/m.room.member/{boris.user}")).ok()
    assert "displayname" not in member
    assert (await boris.get("/account/whoami")).ok()["user_id"] == boris.user


async def test_who_may_rename_whom(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    ctx = world.commands
    assert await code_of(accounts.rename_person(ctx, anna.asker, boris.user, "B")) == "M_FORBIDDEN"
    assert await code_of(accounts.rename_person(ctx, OPERATOR, UserId("@no:veche.test"), "B")) == "M_NOT_FOUND"
    assert await code_of(accounts.rename_person(ctx, OPERATOR, boris.user, "B" * 300)) == "M_INVALID_PARAM"
