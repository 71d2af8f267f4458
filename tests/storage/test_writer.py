"""The writer: groups, savepoints, and that nothing is told or acknowledged that is not on disk."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from unittest.mock import patch

import pytest

from tests.storage.conftest import FragileEngine, names, put
from veche.domain.facts import Entry, Fact
from veche.domain.ids import Position
from veche.domain.refusals import Refused, forbidden
from veche.storage.engines import ConflictingRow, Engine, StorageBroken, StorageFault, StorageFull
from veche.storage.reader import Reader
from veche.storage.writer import LONGEST_QUEUE, Transaction, Writer

Work = Callable[[Transaction], Position]
NO = forbidden("No.")


class Listener:
    """Notes what the writer tells, and whether it gave up."""

    def __init__(self) -> None:
        self.told: list[Entry] = []
        self.broken = threading.Event()

    def tell(self, entries: list[Entry]) -> None:
        self.told += entries

    def break_down(self) -> None:
        self.broken.set()

    @property
    def bodies(self) -> list[str]:
        """The bodies of all facts told."""
        return [entry.fact.body for entry in self.told]


@asynccontextmanager
async def writing(engine: Engine, listener: Listener) -> AsyncIterator[Writer]:
    """A writer with somebody who listens."""
    writer = Writer(engine, listener.tell, listener.break_down)
    writer.start()
    try:
        yield writer
    finally:
        await writer.close()


@asynccontextmanager
async def one_group(writer: Writer) -> AsyncIterator[None]:
    """Everything that is posted inside lands in one group: the writer is busy meanwhile."""
    is_busy, may_go_on = threading.Event(), threading.Event()

    def hold(tx: Transaction) -> None:
        is_busy.set()
        may_go_on.wait()

    holding = asyncio.ensure_future(writer.run(hold))
    await asyncio.to_thread(is_busy.wait)
    try:
        yield
    finally:
        may_go_on.set()
        await holding


def refuse_after(work: Work) -> Work:
    """Return a command that does its work and then refuses."""

    def refusing(tx: Transaction) -> Position:
        work(tx)
        raise Refused(NO)

    return refusing


def with_effect(work: Work, effect: Callable[[], None]) -> Work:
    """Return a command that does its work and wants something done once that is on disk."""

    def affecting(tx: Transaction) -> Position:
        tx.after(effect)
        return work(tx)

    return affecting


async def test_positions_are_given_in_order_and_kept(engine: Engine, writer: Writer, reader: Reader) -> None:
    first = await writer.run(put("a"))
    second = await writer.run(put("b"))
    assert (first, second) == (1, 2)
    assert await reader.run(lambda at: (at.position, names(at))) == (2, ["a", "b"])


async def test_a_refusal_undoes_its_own_command_only(engine: Engine) -> None:
    listener = Listener()
    async with writing(engine, listener) as writer:
        async with one_group(writer):
            works = [put("a"), refuse_after(put("b")), put("c")]
            waiting = [asyncio.ensure_future(writer.run(work)) for work in works]
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [results[0], results[2]] == [1, 2], "the refused command left no gap"
        assert isinstance(results[1], Refused)
        assert results[1].refusal == NO
        assert await writer.run(names) == ["a", "c"]
    assert listener.bodies == ["a", "c"]


async def test_a_faulty_command_harms_nobody_else(engine: Engine) -> None:
    listener = Listener()
    async with writing(engine, listener) as writer:
        async with one_group(writer):
            doubled = [asyncio.ensure_future(writer.run(put("a"))) for _ in range(2)]
            broken = asyncio.ensure_future(writer.run(lambda tx: tx.run("DELETE FROM nowhere")))
            whole = asyncio.ensure_future(writer.run(put("b")))
        assert await doubled[0] == 1
        with pytest.raises(ConflictingRow):
            await doubled[1]
        with pytest.raises(Exception, match="nowhere"):
            await broken
        assert await whole == 2
        assert await writer.run(names) == ["a", "b"]
    assert not listener.broken.is_set()


@pytest.mark.parametrize(
    ("verb", "fault", "status"),
    [
        ("begin_write", StorageFault("busy"), 503),
        ("savepoint", StorageFault("interrupted"), 503),
        ("rows:INSERT", StorageFull("full"), 507),
        ("rows:UPDATE", StorageFull("full"), 507),
        ("commit", StorageFull("full"), 507),
        ("commit", StorageFault("lost"), 503),
        ("commit", OSError("nobody expected this"), 503),
    ],
)
async def test_a_storage_fault_ends_the_whole_group(
    fragile: FragileEngine, verb: str, fault: Exception, status: int
) -> None:
    listener, effects = Listener(), list[str]()
    async with writing(fragile, listener) as writer:
        await writer.run(put("before"))
        async with one_group(writer):
            works = [put("a"), put("b"), with_effect(put("c"), lambda: effects.append("ran")), refuse_after(put("d"))]
            waiting = [asyncio.ensure_future(writer.run(work)) for work in works]
            # The command that holds the group open has only its commit still before it.
            fragile.faults[verb] = [None, fault] if verb == "commit" else [fault]
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [result.refusal.status for result in results if isinstance(result, Refused)] == [status] * 4
        assert await writer.run(names) == ["before"], "nothing of the group is stored, and the writer goes on"
        assert await writer.run(put("after")) == 2
    assert listener.bodies == ["before", "after"]
    assert effects == []
    assert not listener.broken.is_set()


async def test_a_failed_fsync_ends_the_process_before_anybody_is_answered(fragile: FragileEngine) -> None:
    listener = Listener()
    async with writing(fragile, listener) as writer:
        fragile.faults["commit"] = [StorageBroken("fsync")]
        with pytest.raises(Refused):
            await writer.run(put("a"))
    assert listener.broken.is_set()
    assert listener.told == []


async def test_a_failed_fsync_of_a_checkpoint_ends_the_process_too(engine: Engine) -> None:
    listener = Listener()
    async with writing(engine, listener) as writer:
        await writer.upkeep()
        assert not listener.broken.is_set()
        with patch.object(engine, "upkeep", side_effect=StorageBroken("fsync")):
            await writer.upkeep()
    assert listener.broken.is_set()


async def test_a_rollback_that_fails_does_not_silence_the_writer(fragile: FragileEngine) -> None:
    listener = Listener()
    async with writing(fragile, listener) as writer:
        fragile.faults |= {"commit": [StorageFault("lost")], "rollback": [StorageFault("lost too")]}
        with pytest.raises(Refused):
            await writer.run(put("a"))
        assert await writer.run(put("b")) == 1


async def test_a_writer_that_cannot_go_on_ends_the_process(fragile: FragileEngine) -> None:
    listener = Listener()
    async with writing(fragile, listener) as writer:
        fragile.faults |= {"commit": [StorageFault("lost")], "rollback": [OSError("no way to go on")]}
        unanswered = asyncio.ensure_future(writer.run(put("a")))
        await asyncio.to_thread(listener.broken.wait)
    assert not unanswered.done()


async def test_effects_and_news_come_after_the_commit_and_before_the_answer(engine: Engine) -> None:
    order: list[str] = []
    reading = engine.connect(writes=False)

    def tell(entries: list[Entry]) -> None:
        order.append("told" if reading.rows("SELECT name FROM server_facts") else "told too early")

    writer = Writer(engine, tell)
    writer.start()

    def work(tx: Transaction) -> None:
        put("a")(tx)
        tx.after(lambda: order.append("effect" if reading.rows("SELECT name FROM server_facts") else "too early"))

    await writer.run(work)
    order.append("answered")
    await writer.close()
    reading.close()
    assert order == ["effect", "told", "answered"]


async def test_a_failing_effect_leaves_nobody_waiting(engine: Engine) -> None:
    listener = Listener()

    def fail() -> None:
        raise OSError("no memory of this")

    async with writing(engine, listener) as writer:
        assert await writer.run(with_effect(put("a"), fail)) == 1
    assert listener.bodies == ["a"]


async def test_reserved_positions_are_told_in_order(engine: Engine) -> None:
    listener = Listener()

    def work(tx: Transaction) -> None:
        reserved = tx.reserve()
        tx.record(Fact("account_data", body="second"))
        tx.record_at(reserved, Fact("account_data", body="first"))

    async with writing(engine, listener) as writer:
        await writer.run(work)
    assert listener.bodies == ["first", "second"]
    assert [entry.position for entry in listener.told] == [1, 2]


async def test_a_caller_who_went_away_changes_nothing(engine: Engine) -> None:
    listener = Listener()
    async with writing(engine, listener) as writer:
        async with one_group(writer):
            gone = asyncio.ensure_future(writer.run(put("a")))
            gone.cancel()
            stays = asyncio.ensure_future(writer.run(put("b")))
        assert await stays == 2
    assert listener.bodies == ["a", "b"]


async def test_a_long_queue_and_a_closed_writer_refuse(engine: Engine) -> None:
    async with writing(engine, Listener()) as writer:
        async with one_group(writer):
            waiting = [asyncio.ensure_future(writer.run(lambda tx: None)) for _ in range(LONGEST_QUEUE)]
            assert writer.waiting == LONGEST_QUEUE
            with pytest.raises(Refused, match="overloaded"):
                writer.run(put("a"))
        await asyncio.gather(*waiting)
    with pytest.raises(Refused, match="stopping"):
        writer.run(put("a"))


async def test_closing_commits_what_waits(engine: Engine, reader: Reader) -> None:
    async with writing(engine, Listener()) as writer, one_group(writer):
        waiting = [asyncio.ensure_future(writer.run(put(f"{n:03}"))) for n in range(2 * engine.largest_group + 1)]
    assert await asyncio.gather(*waiting) == list(range(1, 2 * engine.largest_group + 2))
    assert len(await reader.run(names)) == 2 * engine.largest_group + 1
