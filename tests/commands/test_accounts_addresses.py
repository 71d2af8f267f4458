"""Mail addresses under the commands: what happens in the moment between check and transaction, on both engines."""

from collections.abc import Awaitable
from typing import Any

import msgspec
import pytest

from tests.cast import ANNA, BORIS, ELENA
from tests.stage.mail import SETTINGS, code_of, link_of, settled
from tests.stage.world import CheapHashing, Person, World
from veche.commands import accounts
from veche.commands.accounts import Application
from veche.commands.context import Context
from veche.commands.sessions import ByAddress, SessionWish, sign_in
from veche.domain.accounts.addresses import Address, ProofWish, Purpose
from veche.domain.accounts.letters import MOST_WAITING, WaitingLetter
from veche.domain.refusals import Refused
from veche.domain.sessions import Origin
from veche.integrations.mail.records import PutOff
from veche.storage.accounts import addresses, letters, proofs
from veche.storage.reader import Snapshot
from veche.storage.writer import Transaction

ADDRESS = "anna@example.org"
ORIGIN = Origin("10.0.0.1")
STRANGER = Origin("10.9.9.9")
PASSWORD = "a fairly long password"
pytestmark = pytest.mark.settings(**SETTINGS)


async def ask(world: World, purpose: Purpose, secret: str = "secret", attempt: int = 1, origin: Origin = ORIGIN) -> str:
    """Let a letter be written to Anna's address."""
    wish = ProofWish(ADDRESS, secret, attempt)
    return await accounts.ask_for_proof(world.commands, purpose, wish, "en", origin)


async def proven(world: World, purpose: Purpose, secret: str = "secret") -> str:
    """Read the letter and bring its code."""
    await settled(world.commands)
    before = len(world.post.letters)
    sid = await ask(world, purpose, secret)
    letter = (await world.post.received(before + 1))[-1]
    await accounts.prove_by_code(world.commands, sid, secret, code_of(letter), ORIGIN)
    return sid


async def anna_with_address(world: World) -> Person:
    """Anna has an address."""
    anna = await world.person(ANNA)
    known = Address(ADDRESS, anna.user, world.clock(), world.clock())
    await world.commands.writer.run(lambda tx: addresses.add(tx, known))
    return anna


async def refused(doing: Awaitable[Any]) -> str:
    """Return the code with which something is refused."""
    with pytest.raises(Refused) as raised:
        await doing
    return raised.value.refusal.code


def creds(sid: str) -> dict[str, Any]:
    """What a client shows."""
    return {"type": "m.login.email.identity", "threepid_creds": {"sid": sid, "client_secret": "secret"}}


def proof_of(person: Person) -> dict[str, Any]:
    """The password of somebody of the cast."""
    return {"type": "m.login.password", "password": f"{person.user[1:].partition(':')[0]}'s own password"}


class Interrupted(CheapHashing):
    """Something happens while a password or code is hashed or compared."""

    def __init__(self, world: World, happens: Any) -> None:
        self._world = world
        self._happens = happens

    async def hash(self, password: str) -> str:
        await self._happen()
        return await super().hash(password)

    async def verify(self, hash: str | None, password: str) -> bool:
        await self._happen()
        return await super().verify(hash, password)

    async def _happen(self) -> None:
        await self._world.commands.writer.run(self._happens)

    def context(self) -> Context:
        """Commands that are interrupted so."""
        outside = msgspec.structs.replace(self._world.commands.outside, hashing=self)
        return msgspec.structs.replace(self._world.commands, outside=outside)


async def test_one_address_two_accounts_at_the_same_moment(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    first, second = await proven(world, "add"), await proven(world, "add", "other")
    await accounts.add_address(world.commands, anna.asker, first, "secret", proof_of(anna))
    doing = accounts.add_address(world.commands, boris.asker, second, "other", proof_of(boris))
    assert await refused(doing) == "M_THREEPID_IN_USE"


async def test_an_address_that_is_added_twice_is_added_once(world: World) -> None:
    anna = await world.person(ANNA)
    for sid, secret in [(await proven(world, "add", secret), secret) for secret in ("one", "two")]:
        await accounts.add_address(world.commands, anna.asker, sid, secret, proof_of(anna))
    found = await world.queries.reader.run(lambda at: addresses.all_of(at, anna.user))
    assert [one.address for one in found] == [ADDRESS]


async def test_a_code_that_is_replaced_while_it_is_compared_proves_nothing(world: World) -> None:
    sid = await ask(world, "add")
    code = code_of((await world.post.received(1))[0])
    replacing = Interrupted(world, lambda tx: proofs.set_secrets(tx, sid, b"x" * 32, "cheap:other"))
    assert await refused(accounts.prove_by_code(replacing.context(), sid, "secret", code, ORIGIN)) == "M_INVALID_PARAM"


async def test_a_proof_that_serves_twice_at_once_serves_once(world: World) -> None:
    await anna_with_address(world)
    sid = await proven(world, "reset")
    racing = Interrupted(world, lambda tx: tx.run("DELETE FROM address_proofs WHERE sid = ?", sid))
    doing = accounts.reset_by_proof(racing.context(), PASSWORD, creds(sid), ORIGIN, ends_sessions=True)
    assert await refused(doing) == "M_FORBIDDEN"


async def test_an_address_that_changes_hands_resets_nobody(world: World) -> None:
    anna = await anna_with_address(world)
    boris = await world.person(BORIS)
    sid = await proven(world, "reset")

    def hand_over(tx: Transaction) -> None:
        if addresses.delete(tx, anna.user, ADDRESS):
            addresses.add(tx, Address(ADDRESS, boris.user, 0, 0))

    racing = Interrupted(world, hand_over)
    doing = accounts.reset_by_proof(racing.context(), PASSWORD, creds(sid), ORIGIN, ends_sessions=True)
    assert await refused(doing) == "M_FORBIDDEN"
    body = {"type": "m.login.password", "user": "boris", "password": "boris's own password"}
    (await world.call("POST", "/_matrix/client/v3/login", body)).ok()


async def test_an_address_that_is_nobodys_any_more_resets_nobody(world: World) -> None:
    anna = await anna_with_address(world)
    sid = await proven(world, "reset")
    await world.commands.writer.run(lambda tx: addresses.delete(tx, anna.user, ADDRESS))
    doing = accounts.reset_by_proof(world.commands, PASSWORD, creds(sid), ORIGIN, ends_sessions=True)
    assert await refused(doing) == "M_UNAUTHORIZED"


async def test_a_password_is_reset_by_each_way(world: World) -> None:
    anna = await anna_with_address(world)
    ctx = world.commands
    await accounts.reset_by_proof(ctx, PASSWORD, creds(await proven(world, "reset")), ORIGIN, ends_sessions=True)
    sid = await ask(world, "page", "page-secret")
    letter = world.post.letters[-1] if len(world.post.letters) > 1 else (await world.post.received(2))[1]
    same = accounts.reset_by_mailed_code(ctx, sid, "page-secret", code_of(letter), PASSWORD, ORIGIN)
    assert await refused(same) == "M_WEAK_PASSWORD"
    await accounts.reset_by_mailed_code(ctx, sid, "page-secret", "", "another long password", ORIGIN)
    await ask(world, "page", "another-secret")
    letter = (await world.post.received(3))[2]
    await accounts.reset_by_link(ctx, link_of(letter), "a third long password", ORIGIN)
    assert await refused(accounts.reset_by_link(ctx, link_of(letter), PASSWORD, ORIGIN)) == "M_NOT_FOUND"
    user, _ = await sign_in(ctx, ByAddress(ADDRESS), "a third long password", SessionWish())
    assert user == anna.user


async def test_who_asks_for_letters_to_others_keeps_nobody_from_theirs(world: World) -> None:
    await anna_with_address(world)
    for number in range(5):
        await ask(world, "register", f"secret-{number}", origin=STRANGER)
    more: tuple[Purpose, ...] = ("register", "reset", "page")
    for purpose in more:
        assert await refused(ask(world, purpose, "more", origin=STRANGER)) == "M_LIMIT_EXCEEDED"
    await proven(world, "reset")


async def test_that_an_address_is_taken_is_told_once_a_day(world: World) -> None:
    await anna_with_address(world)
    for secret in ("one", "two"):
        await ask(world, "register", secret, origin=STRANGER)
        world.clock.advance(ms=1)  # by the millisecond a letter is known that is tried again
        await ask(world, "add", secret, origin=STRANGER)
        world.clock.advance(ms=1)
    await settled(world.commands)
    assert len(world.post.letters) == 1
    world.clock.advance(seconds=24 * 3600 + 1)
    await ask(world, "register", "three", origin=STRANGER)
    await world.post.received(2)


async def test_a_letter_about_a_taken_address_that_is_put_off_still_comes(world: World) -> None:
    await anna_with_address(world)
    world.post.fails = lambda letter: PutOff("later: 450") if world.post.tried < 3 else None
    await ask(world, "register", origin=STRANGER)
    for _ in range(4):
        await settled(world.commands)
        world.clock.advance(seconds=60)
    assert len(world.post.letters) == 1


async def test_who_guesses_codes_keeps_nobody_from_theirs(world: World) -> None:
    for secret in ("one", "two"):
        sid = await ask(world, "add", secret, origin=STRANGER)
        for _ in range(5):
            wrong = accounts.prove_by_code(world.commands, sid, secret, "wrong", STRANGER)
            assert await refused(wrong) == "M_INVALID_PARAM"
    wrong = accounts.prove_by_code(world.commands, sid, secret, "wrong", STRANGER)
    assert await refused(wrong) == "M_LIMIT_EXCEEDED"
    await proven(world, "add")


async def test_codes_that_were_right_are_not_counted(world: World) -> None:
    for number in range(3):
        sid = await ask(world, "add", f"secret-{number}")
        for _ in range(4):
            wrong = accounts.prove_by_code(world.commands, sid, f"secret-{number}", "wrong", ORIGIN)
            assert await refused(wrong) == "M_INVALID_PARAM"
        code = code_of((await world.post.received(number + 1))[-1])
        await accounts.prove_by_code(world.commands, sid, f"secret-{number}", code, ORIGIN)


async def test_all_networks_together_guess_a_hundred_times_a_day(world: World) -> None:
    for number in range(20):
        origin = Origin(f"10.0.{number}.1")
        sid = await ask(world, "add", f"secret-{number}", origin=origin)
        for _ in range(5):
            wrong = accounts.prove_by_code(world.commands, sid, f"secret-{number}", "wrong", origin)
            assert await refused(wrong) == "M_INVALID_PARAM"
    assert await refused(ask(world, "add", "more")) == "M_LIMIT_EXCEEDED"
    world.clock.advance(seconds=3600)
    sid = await ask(world, "add", "more")
    wrong = accounts.prove_by_code(world.commands, sid, "more", "wrong", ORIGIN)
    assert await refused(wrong) == "M_LIMIT_EXCEEDED"


async def test_any_letter_that_a_client_asked_for_proves(world: World) -> None:
    anna = await world.person(ANNA)
    first = await ask(world, "add")
    letter = (await world.post.received(1))[0]
    second = await ask(world, "add", attempt=2)
    await world.post.received(2)
    another = await ask(world, "add", "another-secret")
    await accounts.prove_by_link(world.commands, link_of(letter))
    strange = accounts.add_address(world.commands, anna.asker, another, "another-secret", proof_of(anna))
    assert await refused(strange) == "M_THREEPID_AUTH_FAILED"
    await accounts.add_address(world.commands, anna.asker, second, "secret", proof_of(anna))
    once_more = accounts.add_address(world.commands, anna.asker, first, "secret", proof_of(anna))
    assert await refused(once_more) == "M_THREEPID_AUTH_FAILED"


@pytest.mark.parametrize("typed", ["", "\x00", "anna@example.org\x00", "x" * 20_000, "anna@" + "b" * 300_000, "a b@c"])
async def test_what_is_no_address_is_counted_but_not_kept(world: World, typed: str) -> None:
    """Anybody may try to sign in so; an index of PostgreSQL would not even take it."""
    ctx = world.commands
    tries = [await refused(sign_in(ctx, ByAddress(typed), PASSWORD, SessionWish(origin=ORIGIN))) for _ in range(11)]
    assert tries == ["M_FORBIDDEN"] * 10 + ["M_LIMIT_EXCEEDED"]
    kept = await ctx.reader.run(lambda at: at.all("SELECT DISTINCT subject FROM sign_in_failures"))
    assert kept == [(f" {ORIGIN.network}",)]


async def test_a_link_of_the_page_ends_where_its_code_was_used(world: World) -> None:
    await anna_with_address(world)
    sid = await ask(world, "page")
    letter = (await world.post.received(1))[0]
    await accounts.prove_by_code(world.commands, sid, "secret", code_of(letter), ORIGIN)
    assert await refused(accounts.reset_by_link(world.commands, link_of(letter), PASSWORD, ORIGIN)) == "M_NOT_FOUND"
    strange = accounts.reset_by_mailed_code(world.commands, "a\x00", "secret", "1", PASSWORD, ORIGIN)
    assert await refused(strange) == "M_INVALID_PARAM"


async def test_a_proof_that_ends_between_two_stages_registers_nobody(world: World) -> None:
    sid = await proven(world, "register")
    racing = Interrupted(world, lambda tx: tx.run("DELETE FROM address_proofs WHERE sid = ?", sid))
    wanted = Application("greta", PASSWORD, SessionWish())
    assert await refused(accounts.register(racing.context(), wanted, creds(sid))) == "M_THREEPID_AUTH_FAILED"
    assert (await world.call("GET", "/_matrix/client/v3/register/available?username=greta")).status == 200


async def test_a_queue_that_is_full_takes_no_more(world: World) -> None:
    def fill(tx: Transaction) -> None:
        for number in range(MOST_WAITING):
            later = world.clock() + 10**9
            letters.put(tx, WaitingLetter("add", f"sid{number}", "x@y", "en", 0, later, later + 1))

    await world.commands.writer.run(fill)
    assert await refused(ask(world, "add")) == "M_UNKNOWN"


async def test_only_administrators_look_after_addresses(world: World) -> None:
    anna, elena = await anna_with_address(world), await world.person(ELENA, role="administrator")
    whole = f"/_veche/v1/accounts/{anna.user}/addresses"
    assert [one["address"] for one in (await elena.get(whole)).ok()["addresses"]] == [ADDRESS]
    (await anna.get(whole)).refused(403, "M_FORBIDDEN")
    (await anna.post(f"{whole}/remove", {"address": ADDRESS})).refused(403, "M_FORBIDDEN")
    (await elena.post(f"{whole}/remove", {"address": ADDRESS.upper(), "reason": "left"})).ok()
    (await elena.post(f"{whole}/remove", {"address": ADDRESS})).refused(404, "M_THREEPID_NOT_FOUND")
    (await elena.get("/_veche/v1/accounts/@nobody:veche.test/addresses")).refused(404, "M_NOT_FOUND")
    act = (await elena.get("/_veche/v1/audit")).ok()["acts"][0]
    assert (act["what"], act["whom"], act["reason"]) == ("remove address", anna.user, "left")
    assert ADDRESS not in repr(act)


async def test_the_first_attempt_is_remembered_until_it_ends(world: World) -> None:
    first = await ask(world, "add", attempt=5)
    assert await ask(world, "add", attempt=5) == await ask(world, "add", attempt=1) == first
    assert await ask(world, "reset", attempt=5) != first
    world.clock.advance(seconds=3600)
    assert await ask(world, "add", attempt=5) != first


@pytest.mark.parametrize("purpose", ["register", "add", "reset", "page"])
async def test_the_same_work_is_done_for_somebody_and_for_nobody(
    world: World, purpose: Purpose, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Statement by statement, so that no clock can tell them apart; nor is any password compared for one only."""
    await anna_with_address(world)
    world.commands.live.letters.paused_until = world.clock() + 10**9
    done: list[str] = []

    def spied(method: Any) -> Any:
        def spy(self: Any, sql: str, *params: Any) -> Any:
            if any(table in sql for table in ("address", "letters", "accounts")):
                done.append(sql)
            return method(self, sql, *params)

        return spy

    for kind, names in ((Transaction, ("all", "one", "run")), (Snapshot, ("all", "one"))):
        for name in names:
            monkeypatch.setattr(kind, name, spied(getattr(kind, name)))
    seen = []
    for address in (ADDRESS, "nobody@example.org"):
        wish = ProofWish(address, "secret", 1)
        sid = await accounts.ask_for_proof(world.commands, purpose, wish, "en", ORIGIN)
        assert (
            await refused(accounts.prove_by_code(world.commands, sid, "secret", "12345", ORIGIN)) == "M_INVALID_PARAM"
        )
        seen.append(list(done))
        done.clear()
    assert seen[0] == seen[1]
    assert len(seen[0]) > 5
