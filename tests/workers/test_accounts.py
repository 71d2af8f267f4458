"""Letters that wait: sent once, tried again after longer each time, given up at last; and nobody waits for it."""

import asyncio
import logging

import pytest

from tests.cast import ANNA
from tests.stage.mail import SETTINGS, code_of, link_of, settled
from tests.stage.waiting import until
from tests.stage.world import World
from veche.app.metrics import figures
from veche.commands import accounts
from veche.domain.accounts.addresses import HOUR_MS, Address, ProofWish, Purpose
from veche.domain.accounts.letters import LONGEST_WAIT_MS, WaitingLetter
from veche.domain.refusals import Refused
from veche.domain.sessions import OPERATOR, Origin
from veche.integrations.hashing import BUSY
from veche.integrations.mail.records import Failure, GivenUp, Letter, PutOff, Unreachable
from veche.storage.accounts import addresses, letters, proofs
from veche.storage.reader import Snapshot
from veche.storage.writer import FULL, Transaction
from veche.workers.accounts import send_letters

ADDRESS = "anna@example.org"
ORIGIN = Origin("10.0.0.1")
pytestmark = pytest.mark.settings(**SETTINGS)


async def ask(world: World, address: str = ADDRESS, purpose: Purpose = "add", secret: str = "secret") -> str:
    """Let a letter be written."""
    return await accounts.ask_for_proof(world.commands, purpose, ProofWish(address, secret, 1), "en", ORIGIN)


async def waiting(world: World) -> int:
    """How many letters wait."""
    return await world.queries.reader.run(letters.count)


def failing(*failures: Failure | None) -> "Failing":
    """Fail so for one letter after the other, then no more."""
    return Failing(list(failures))


class Failing:
    """What goes wrong with letters, one after the other."""

    def __init__(self, failures: list[Failure | None]) -> None:
        self._failures = failures

    def __call__(self, letter: Letter) -> Failure | None:
        return self._failures.pop(0) if self._failures else None


async def test_a_letter_is_sent_once_and_forgotten(world: World) -> None:
    await ask(world)
    await world.post.received(1)
    await settled(world.commands)
    assert await waiting(world) == 0
    assert world.commands.live.letters.kept == {}
    await world.restart()
    await settled(world.commands)
    await world.post.received(1)


async def test_the_figures_say_what_became_of_letters(world: World) -> None:
    world.post.fails = lambda letter: PutOff("later: 450") if "boris" in letter.address else None
    await ask(world, "boris@example.org")
    await ask(world)
    await world.post.received(1)
    await settled(world.commands)
    told = figures(world.running)
    for line in ("veche_mail_waiting 1", "veche_mail_sent_total 1", "veche_mail_put_off_total 1"):
        assert f"\n{line}\n" in told
    assert "boris" not in told


@pytest.mark.settings(registration="open")
async def test_without_mail_there_are_no_figures(world: World) -> None:
    assert "veche_mail" not in figures(world.running)


async def test_nothing_secret_is_stored(world: World) -> None:
    sid = await ask(world)
    letter = (await world.post.received(1))[0]
    proof = await world.queries.reader.run(lambda at: proofs.find(at, sid))
    stored = repr(proof)
    assert "secret" not in stored.replace("secret_digest", "")
    assert link_of(letter) not in stored
    assert proof is not None
    assert proof.code_hash == f"cheap:{code_of(letter)}"  # the stage's hashing; the real one is argon2id


async def test_an_outage_blocks_nobody_and_loses_nothing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    anna = await world.person(ANNA)
    world.post.fails = lambda letter: Unreachable("it does not answer in time")
    with caplog.at_level(logging.INFO, logger="veche.mail"):
        for number in range(3):
            await ask(world, f"anna{number}@example.org")
        await settled(world.commands)
        (await anna.get("/account/whoami")).ok()
        assert await waiting(world) == 3
        tried = world.post.tried
        world.clock.advance(ms=LONGEST_WAIT_MS)
        await settled(world.commands)
        assert world.post.tried > tried
        world.post.fails = failing()
        world.clock.advance(ms=LONGEST_WAIT_MS)
        await world.post.received(3)
        await settled(world.commands)
    assert [record.message for record in caplog.records] == [
        "no letter can be sent now, all wait: the mail server: it does not answer in time",
        "letters can be sent again",
    ]


async def test_while_the_server_is_away_new_letters_do_not_call_it(world: World) -> None:
    world.post.fails = lambda letter: Unreachable("it does not answer in time")
    await ask(world)
    await settled(world.commands)
    tried = world.post.tried
    for number in range(5):
        await ask(world, f"anna{number}@example.org")
        await settled(world.commands)
    assert world.post.tried == tried


async def test_a_letter_that_is_put_off_holds_the_same_secrets(world: World) -> None:
    told: list[Letter] = []

    def fail(letter: Letter) -> Failure | None:
        told.append(letter)
        return PutOff("later: 450") if len(told) < 3 else None

    world.post.fails = fail
    sid = await ask(world)
    for _ in range(3):
        await settled(world.commands)
        world.clock.advance(ms=LONGEST_WAIT_MS)
    await world.post.received(1)
    assert {(link_of(one), code_of(one), one.number) for one in told} == {
        (link_of(told[0]), code_of(told[0]), told[0].number)
    }
    await accounts.prove_by_code(world.commands, sid, "secret", code_of(told[0]), ORIGIN)


async def test_one_letter_that_is_refused_holds_up_no_other(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.post.fails = lambda letter: GivenUp("the recipient was refused: 550") if "boris" in letter.address else None
    with caplog.at_level(logging.INFO, logger="veche.mail"):
        await ask(world, "boris@example.org")
        await ask(world)
        await world.post.received(1)
        await settled(world.commands)
    assert await waiting(world) == 0
    assert [record.message for record in caplog.records] == [
        "a letter (add) is given up: the recipient was refused: 550"
    ]
    figures = world.commands.live.letters
    assert (figures.sent, figures.given_up) == (1, 1)


async def test_a_letter_that_came_too_late_is_not_sent(world: World) -> None:
    world.post.fails = lambda letter: PutOff("later: 450")
    await ask(world)
    await settled(world.commands)
    world.post.fails = failing()
    world.clock.advance(ms=HOUR_MS)
    await settled(world.commands)
    await settled(world.commands)
    assert (world.post.letters, await waiting(world)) == ([], 0)
    assert world.commands.live.letters.given_up == 1


async def test_what_nobody_expected_puts_a_letter_off(world: World, caplog: pytest.LogCaptureFixture) -> None:
    def break_down(letter: Letter) -> Failure | None:
        raise RuntimeError("a bug")

    world.post.fails = break_down
    await ask(world)
    await settled(world.commands)
    assert await waiting(world) == 1
    assert "a bug" in caplog.text
    world.post.fails = failing()
    world.clock.advance(ms=LONGEST_WAIT_MS)
    await world.post.received(1)


async def test_waiting_letters_survive_a_restart(world: World) -> None:
    world.post.fails = lambda letter: Unreachable("it does not answer in time")
    sid = await ask(world)
    await settled(world.commands)
    await world.restart()
    world.post.fails = failing()
    letter = (await world.post.received(1))[0]
    await accounts.prove_by_code(world.commands, sid, "secret", code_of(letter), ORIGIN)


async def test_a_server_that_stops_finishes_what_it_is_sending(world: World) -> None:
    world.post.holds = asyncio.Event()
    await ask(world)
    await world.post.received(1)
    sender = next(task for task in world.running.tasks if task.get_name() == "sending of letters")
    restarting = asyncio.create_task(world.restart())
    await until(lambda: sender.cancelling() > 0)
    world.post.holds.set()
    await restarting
    await settled(world.commands)
    await world.post.received(1)


async def test_what_has_been_proven_needs_no_letter_any_more(world: World) -> None:
    told: list[Letter] = []

    def fail(letter: Letter) -> Failure | None:
        told.append(letter)  # it arrived, but the answer was lost
        return PutOff("later: 450")

    world.post.fails = fail
    sid = await ask(world)
    await settled(world.commands)
    await accounts.prove_by_code(world.commands, sid, "secret", code_of(told[0]), ORIGIN)
    world.clock.advance(ms=LONGEST_WAIT_MS)
    await settled(world.commands)
    assert (len(told), await waiting(world)) == (1, 0)
    assert world.commands.live.letters.given_up == 0


async def test_where_passwords_are_being_checked_a_letter_waits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(password: str) -> str:
        raise Refused(BUSY)

    with monkeypatch.context() as patch:
        patch.setattr(world.running.hashing, "hash", refuse)
        await ask(world)
        await settled(world.commands)
    assert (await waiting(world), world.post.tried) == (1, 0)
    world.clock.advance(ms=LONGEST_WAIT_MS)
    await world.post.received(1)


async def test_a_full_disk_sends_no_letter_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(tx: Transaction, letter: WaitingLetter) -> None:
        raise Refused(FULL)

    with monkeypatch.context() as patch:
        patch.setattr(letters, "delete_if_same", refuse)
        await ask(world)
        await world.post.received(1)
        for _ in range(3):
            world.clock.advance(ms=LONGEST_WAIT_MS // 4)
            await settled(world.commands)
    assert await waiting(world) == 1
    world.clock.advance(ms=LONGEST_WAIT_MS)
    await settled(world.commands)
    assert (world.post.tried, await waiting(world)) == (1, 0)
    assert world.commands.live.letters.done == {}


async def test_nobody_sends_while_somebody_sends(world: World) -> None:
    world.post.holds = asyncio.Event()
    await ask(world)
    await world.post.received(1)
    await send_letters(world.commands, world.queries)
    world.post.holds.set()
    await settled(world.commands)
    await world.post.received(1)


@pytest.mark.parametrize("purpose", ["reset", "page"])
async def test_nobody_unknown_is_written_to(world: World, purpose: Purpose) -> None:
    await ask(world, "nobody@example.org", purpose)
    await settled(world.commands)
    assert (world.post.tried, await waiting(world)) == (0, 0)


async def test_an_address_that_is_taken_away_gets_no_letter(world: World) -> None:
    anna = await world.person(ANNA)
    known = Address(ADDRESS, anna.user, world.clock(), world.clock())
    await world.commands.writer.run(lambda tx: addresses.add(tx, known))
    world.post.fails = lambda letter: PutOff("later: 450")
    await ask(world, purpose="reset")
    await settled(world.commands)
    assert len(world.commands.live.letters.kept) == 1
    await accounts.remove_address(world.commands, anna.asker, ADDRESS)
    assert await waiting(world) == 0
    world.clock.advance(ms=LONGEST_WAIT_MS)
    await settled(world.commands)
    assert (world.post.tried, world.commands.live.letters.kept) == (1, {})


async def test_a_test_letter_says_what_went_wrong(world: World) -> None:
    await accounts.send_test_letter(world.commands, OPERATOR, " Anna@Example.org", "fr")
    assert [(letter.address, letter.language) for letter in world.post.letters] == [(ADDRESS, "fr")]
    world.post.fails = lambda letter: Unreachable("it does not let us sign in: 535")
    with pytest.raises(Exception, match="it does not let us sign in: 535"):
        await accounts.send_test_letter(world.commands, OPERATOR, ADDRESS)


async def test_old_proofs_and_counts_are_forgotten(world: World) -> None:
    await ask(world)
    await world.post.received(1)
    world.clock.advance(ms=25 * HOUR_MS)
    await accounts.forget_old_proofs(world.commands)

    def left(at: Snapshot) -> list[int]:
        return [
            row[0] for table in ("address_proofs", "address_uses") for row in at.all(f"SELECT COUNT(*) FROM {table}")
        ]

    assert await world.queries.reader.run(left) == [0, 0]
