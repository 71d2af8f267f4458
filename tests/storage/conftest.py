"""What tests of storage share: rows to write, an engine whose connections fail on demand, stores of files."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stage.shelves import KINDS, Shelf, open_shelf
from veche.domain.facts import Fact
from veche.domain.ids import Position, UserId
from veche.storage.engines import Connection, Engine, Row
from veche.storage.rows import Rows
from veche.storage.writer import Transaction


def put(name: str) -> Callable[[Transaction], Position]:
    """Return a command that writes one row and records one fact."""

    def work(tx: Transaction) -> Position:
        tx.run("INSERT INTO server_facts (name, value) VALUES (?, ?)", name, "x")
        return tx.record(Fact("account_data", user=UserId("@anna:x"), body=name))

    return work


def names(rows: Rows) -> list[str]:
    """Return the names of all rows that ``put`` wrote."""
    return [row[0] for row in rows.all("SELECT name FROM server_facts ORDER BY name")]


class FragileConnection:
    """A connection that takes each verb's fate from ``faults``: None lets it pass, an exception is raised."""

    def __init__(self, inner: Connection, faults: dict[str, list[Exception | None]]) -> None:
        self._inner = inner
        self._faults = faults

    def rows(self, sql: str, params: Row = ()) -> list[Row]:
        self._fail("rows:" + sql.split(maxsplit=1)[0])
        return self._inner.rows(sql, params)

    def begin_read(self) -> None:
        self._fail("begin_read")
        self._inner.begin_read()

    def begin_write(self) -> None:
        self._fail("begin_write")
        self._inner.begin_write()

    def commit(self) -> None:
        self._fail("commit")
        self._inner.commit()

    def rollback(self) -> None:
        self._inner.rollback()
        self._fail("rollback")

    def savepoint(self) -> None:
        self._fail("savepoint")
        self._inner.savepoint()

    def release(self) -> None:
        self._inner.release()

    def rollback_to(self) -> None:
        self._inner.rollback_to()

    def close(self) -> None:
        self._inner.close()

    def _fail(self, verb: str) -> None:
        fates = self._faults.get(verb)
        if fates and (fault := fates.pop(0)):
            raise fault


class FragileEngine:
    """Opens fragile connections to what another engine opens."""

    def __init__(self, inner: Engine) -> None:
        self.faults: dict[str, list[Exception | None]] = {}
        self.name = inner.name
        self.largest_group = inner.largest_group
        self.longest_read = inner.longest_read
        self.log_bytes = inner.log_bytes
        self._inner = inner

    def connect(self, *, writes: bool) -> FragileConnection:
        return FragileConnection(self._inner.connect(writes=writes), self.faults)

    def claim(self) -> None:
        self._inner.claim()

    def script(self, text: str) -> list[str]:
        return self._inner.script(text)

    def upkeep(self) -> None:
        self._inner.upkeep()

    def close(self) -> None:
        self._inner.close()


@pytest.fixture
def fragile(engine: Engine) -> FragileEngine:
    """An engine that fails on demand, on a migrated database."""
    return FragileEngine(engine)


@pytest.fixture(params=KINDS)
def shelf(tmp_path: Path, runner: asyncio.Runner, request: pytest.FixtureRequest) -> Iterator[Shelf]:
    """An empty store of files: in a folder, and in a bucket."""
    place = request.getfixturevalue("buckets").fresh() if request.param == "s3" else None
    opened = open_shelf(tmp_path / "media", place)
    yield opened
    runner.run(opened.blobs.close())
