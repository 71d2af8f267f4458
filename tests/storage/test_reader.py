"""The readers: one snapshot per query, bounded in time, and able to go on after a fault."""

import asyncio
import threading
import time
from unittest.mock import patch

import pytest

from tests.storage.conftest import FragileEngine, names, put
from veche.domain.refusals import Refused
from veche.storage import reader as readers
from veche.storage.engines import Engine, StorageFault
from veche.storage.reader import Reader, Snapshot
from veche.storage.writer import Writer

ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"


async def test_a_query_sees_one_moment(writer: Writer, reader: Reader) -> None:
    has_begun, may_go_on = threading.Event(), threading.Event()
    await writer.run(put("a"))

    def read(at: Snapshot) -> tuple[int, list[str]]:
        has_begun.set()
        may_go_on.wait()
        return at.position, names(at)

    reading = asyncio.ensure_future(reader.run(read))
    await asyncio.to_thread(has_begun.wait)
    await writer.run(put("b"))
    may_go_on.set()
    assert await reading == (1, ["a"])
    assert await reader.run(names) == ["a", "b"]


async def test_a_reader_cannot_write(reader: Reader) -> None:
    with pytest.raises(Refused) as refused:
        await reader.run(lambda at: at.all("INSERT INTO server_facts (name, value) VALUES ('a', 'x')"))
    assert refused.value.refusal.status == 503
    assert await reader.run(names) == []


async def test_what_a_query_raises_reaches_its_caller(reader: Reader) -> None:
    with pytest.raises(ZeroDivisionError):
        await reader.run(lambda at: 1 // 0)
    assert await reader.run(lambda at: at.one("SELECT 7 WHERE 1 = 2")) is None


async def test_an_endless_statement_is_stopped(engine: Engine) -> None:
    engine.longest_read = 0.05
    reader = Reader(engine, threads=1)
    reader.start()
    with pytest.raises(Refused) as refused:
        await reader.run(lambda at: at.one(ENDLESS))
    assert refused.value.refusal.status == 503
    assert await reader.run(lambda at: at.one("SELECT 7")) == (7,), "the connection is good for the next one"
    await reader.close()


async def test_a_snapshot_is_not_held_open(reader: Reader) -> None:
    def read(at: Snapshot) -> object:
        with patch.object(readers, "monotonic", lambda: time.monotonic() + 10):
            return at.one("SELECT 7")

    with pytest.raises(Refused):
        await reader.run(read)


async def test_a_fault_is_answered_and_survived(fragile: FragileEngine) -> None:
    reader = Reader(fragile, threads=1)
    reader.start()
    for verb in ("begin_read", "rows:SELECT", "rollback"):
        fragile.faults[verb] = [StorageFault("the disk has gone")]
        with pytest.raises(Refused) as refused:
            await reader.run(names)
        assert refused.value.refusal.status == 503
        assert await reader.run(names) == []
    await reader.close()


async def test_queries_run_beside_each_other(reader: Reader) -> None:
    together = threading.Barrier(readers.THREADS)
    await asyncio.gather(*(reader.run(lambda at: together.wait()) for _ in range(readers.THREADS)))


async def test_a_caller_who_goes_away_while_it_reads_is_let_go(reader: Reader) -> None:
    has_begun, may_go_on = threading.Event(), threading.Event()

    def read(at: Snapshot) -> None:
        has_begun.set()
        may_go_on.wait()

    reading = asyncio.ensure_future(reader.run(read))
    await asyncio.to_thread(has_begun.wait)
    reading.cancel()
    may_go_on.set()
    assert await reader.run(names) == []


async def test_a_long_queue_and_closed_readers_refuse(engine: Engine) -> None:
    has_begun, may_go_on = threading.Event(), threading.Event()
    reader = Reader(engine, threads=1)
    reader.start()

    def hold(at: Snapshot) -> list[str]:
        has_begun.set()
        may_go_on.wait()
        return []

    holding = asyncio.ensure_future(reader.run(hold))
    await asyncio.to_thread(has_begun.wait)
    with patch.object(readers, "LONGEST_QUEUE", 2):
        waiting = [asyncio.ensure_future(reader.run(names)) for _ in range(2)]
        with pytest.raises(Refused, match="overloaded"):
            reader.run(names)
    waiting[0].cancel()
    may_go_on.set()
    assert tuple(await asyncio.gather(holding, waiting[1])) == ([], [])
    await reader.close()
    with pytest.raises(Refused, match="stopping"):
        reader.run(names)
