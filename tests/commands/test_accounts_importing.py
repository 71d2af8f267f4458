"""People from a table on both engines: what is made, what is left as it is, and what is wrong with whom."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.commands.test_accounts import PASSWORD, application, outcome
from tests.commands.test_accounts_welcoming import closed_room, founder, joined
from tests.stage.world import CheapHashing, World
from veche.commands import accounts
from veche.commands.accounts.importing import ACCOUNTS_AT_ONCE, HASHED_AT_ONCE
from veche.domain.accounts.importing import NewPerson, Verdict
from veche.domain.ids import UserId
from veche.domain.sessions import OPERATOR
from veche.queries import accounts as queries
from veche.storage import accounts as rows

GRETA, HANNA = UserId("@greta:veche.test"), UserId("@hanna:veche.test")


def person(name: str, full_name: str = "", **more: Any) -> NewPerson:
    return NewPerson(name, full_name, password=PASSWORD, **more)


async def brought(world: World, *people: NewPerson) -> list[str]:
    """Import people; return what became of each."""
    return [found.state for found in await accounts.import_people(world.commands, OPERATOR, people)]


async def judged(world: World, people: Sequence[NewPerson]) -> list[Verdict]:
    """Ask what an import would do."""
    return await queries.judge_people(world.queries, OPERATOR, people)


async def names(world: World) -> set[str]:
    """Return all user ids."""
    return {entry.user_id for entry in await queries.all_accounts(world.queries, OPERATOR)}


async def test_people_are_made_with_names_roles_and_rooms(world: World) -> None:
    await founder(world)
    anna = await world.person("anna")
    await closed_room(world, anna)
    people = (person("Greta", "Грета Иванова", rooms=("#board:veche.test",)), person("hanna", role="administrator"))
    assert [found.state for found in await judged(world, people)] == ["new", "new"]
    assert GRETA not in await names(world)
    assert await brought(world, *people) == ["new", "new"]
    assert await joined(world, GRETA) == {"General", "Talk", "Board"}
    entries = {entry.user_id: entry.role for entry in await queries.all_accounts(world.queries, OPERATOR)}
    assert (entries[GRETA], entries[HANNA]) == ("user", "administrator")
    token = (await world.call("POST", "/_matrix/client/v3/login", SIGN_IN)).ok()["access_token"]
    profile = await world.call("GET", f"/_matrix/client/v3/profile/{GRETA}", token=token)
    assert profile.ok() == {"displayname": "Грета Иванова"}


SIGN_IN = {
    "type": "m.login.password",
    "identifier": {"type": "m.id.user", "user": "greta"},
    "password": PASSWORD,
}


async def test_who_is_there_already_is_left_alone(world: World) -> None:
    people = tuple(person(f"person{number}", f"Person {number}") for number in range(ACCOUNTS_AT_ONCE + 3))
    assert await brought(world, *people[:5]) == ["new"] * 5
    assert await brought(world, *people) == ["present"] * 5 + ["new"] * (ACCOUNTS_AT_ONCE - 2)
    assert await brought(world, *people) == ["present"] * len(people)
    assert [found.state for found in await judged(world, people)] == ["present"] * len(people)


async def test_nobody_is_kept_out_by_anothers_fault(world: World) -> None:
    await world.person("anna")
    people = (
        person("gre ta"),
        person("anna", "Another Anna"),
        person("hanna"),
        person("x", rooms=("#none:veche.test",)),
    )
    assert await brought(world, *people) == ["bad", "bad", "new", "bad"]
    assert await names(world) == {"@anna:veche.test", HANNA}


async def test_the_same_person_twice_is_made_once(world: World) -> None:
    assert await brought(world, person("greta"), person("greta")) == ["new", "present"]
    assert await brought(world, person("hanna"), person("Hanna", "Ханна")) == ["new", "bad"]


async def test_a_name_that_is_taken_meanwhile_is_judged_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(_: CheapHashing, password: str) -> str:
        monkeypatch.undo()
        await accounts.register(world.commands, application("greta"), {"type": "m.login.dummy"})
        return password

    monkeypatch.setattr(CheapHashing, "hash", slow)
    assert await brought(world, person("greta", "Грета")) == ["bad"]
    account = await world.queries.reader.run(lambda at: rows.find(at, GRETA))
    assert account is not None
    assert account.password_hash == f"cheap:{PASSWORD}"


async def test_few_passwords_are_hashed_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    under_way, most = 0, 0

    async def counted(_: CheapHashing, password: str) -> str:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return password

    monkeypatch.setattr(CheapHashing, "hash", counted)
    await brought(world, *(person(f"person{number}") for number in range(7)))
    assert most == HASHED_AT_ONCE


async def test_who_needs_no_account_needs_no_hash(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await brought(world, person("greta"))

    async def never(_: CheapHashing, password: str) -> str:
        raise AssertionError(password)

    monkeypatch.setattr(CheapHashing, "hash", never)
    assert await brought(world, person("greta"), person("gre ta")) == ["present", "bad"]


@pytest.mark.parametrize("name", ["", "gre\x00ta", "x" * 300, "@greta:veche.test"])
async def test_names_that_cannot_be_are_refused_however_they_came(world: World, name: str) -> None:
    people = (person(name, rooms=("#a\x00b:veche.test", "!")),)
    assert [found.state for found in await judged(world, people)] == ["bad"]
    assert await brought(world, *people) == ["bad"]


async def test_only_administrators_bring_people_in(world: World) -> None:
    anna = (await world.person("anna")).asker
    for work in (
        accounts.import_people(world.commands, anna, (person("greta"),)),
        queries.judge_people(world.queries, anna, (person("greta"),)),
    ):
        assert await outcome(work) == "M_FORBIDDEN"
