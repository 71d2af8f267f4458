"""Copying a database while commands go on: the copy is one moment of it, whatever happens meanwhile."""

import asyncio
import os
import resource
import threading
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import psycopg
import pytest

from tests.stage.databases import Place
from veche.domain.operation.backups import Table
from veche.domain.refusals import Refused, forbidden
from veche.storage.engines import Connection, Engine, StorageFault
from veche.storage.engines.sqlite import SqliteEngine
from veche.storage.operation import aside, sqlite_copying
from veche.storage.operation.copying import copy_database
from veche.storage.operation.faults import NoRoom, Stopped
from veche.storage.operation.pace import Pace
from veche.storage.writer import Transaction, Writer

only_sqlite = pytest.mark.parametrize("engine_name", ["sqlite"])
LARGE = "x" * 50_000
MANY = 60
ENOUGH = 100
"""Rests after which nothing more is done meanwhile: a copy that begins anew each time comes to its end."""


class Seen:
    """What a look at the copied moment saw: how many facts, and their sum."""

    def __call__(self, connection: Connection) -> None:
        found = connection.rows("SELECT COUNT(*), COALESCE(SUM(LENGTH(value)), 0) FROM server_facts")
        self.facts, self.length = found[0]


def put(name: str, value: str = LARGE, *, refused: bool = False) -> Callable[[Transaction], None]:
    """A command that writes one fact, and is refused thereafter if so wished."""

    def work(tx: Transaction) -> None:
        tx.run(
            "INSERT INTO server_facts (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name,
            value,
        )
        if refused:
            raise Refused(forbidden("no"))

    return work


class Hurry(Pace):
    """A pace without rests that lets a test act at every one of them."""

    def __init__(self, act: Callable[[], None] = lambda: None) -> None:
        super().__init__(hurries=True, least_room=0)
        self._act = act
        self.rests = 0

    def rest(self, seconds: float) -> None:
        self.rests += 1
        self._act()
        super().rest(seconds)


async def copied(writer: Writer, folder: Path, pace: Pace) -> tuple[dict[str, Table], Seen]:
    """Copy on a thread, as a backup does."""
    seen = Seen()

    def copy() -> dict[str, Table]:
        folder.mkdir()
        return copy_database(writer, folder, pace, seen)

    return await asyncio.to_thread(copy), seen


async def test_a_copy_is_one_moment(writer: Writer, tmp_path: Path) -> None:
    for number in range(MANY):
        await writer.run(put(f"fact {number}"))
    tables, seen = await copied(writer, tmp_path / "copy", Hurry())
    assert (seen.facts, seen.length) == (MANY, MANY * len(LARGE))
    assert tables["server_facts"] == Table(("name", "value"), MANY)
    assert tables["log_head"].rows == 1


async def test_commands_go_on_meanwhile_and_the_copy_holds_all_or_nothing_of_each(
    writer: Writer, tmp_path: Path
) -> None:
    """Each command writes two facts; a moment holds both or none, and each as it was last written."""
    loop, done = asyncio.get_running_loop(), list[int]()

    def both(tx: Transaction) -> None:
        done.append(1)
        for side in ("left", "right"):
            put(side, f"{len(done):06d}" * 10_000)(tx)

    def act() -> None:
        asyncio.run_coroutine_threadsafe(ran(), loop).result()

    async def ran() -> None:
        await writer.run(both)

    def look(connection: Connection) -> None:
        rows = connection.rows("SELECT value FROM server_facts WHERE name IN ('left', 'right')")
        sides.update(value[:6] for (value,) in rows)

    for number in range(MANY):
        await writer.run(put(f"fact {number}"))
    await ran()
    sides = set[str]()
    (tmp_path / "copy").mkdir()
    await asyncio.to_thread(copy_database, writer, tmp_path / "copy", Hurry(act), look)
    assert len(done) > 1
    assert len(sides) == 1, "one side was written later than the other"


@only_sqlite
async def test_neither_commits_nor_refused_commands_make_a_copy_begin_anew(writer: Writer, tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()

    async def commit_and_refuse() -> None:
        await writer.run(put("news"))
        with pytest.raises(Refused):
            await writer.run(put("fact 3", "changed and undone", refused=True))
        await asyncio.gather(*(writer.run(put(f"fact {number}")) for number in range(5)))

    def act() -> None:
        if pace.rests < ENOUGH:
            asyncio.run_coroutine_threadsafe(commit_and_refuse(), loop).result()

    for number in range(MANY):
        await writer.run(put(f"fact {number}"))
    pages = MANY * len(LARGE) // 4096
    pace = Hurry(act)
    _, seen = await copied(writer, tmp_path / "copy", pace)
    assert (seen.facts, seen.length) == (MANY + 1, (MANY + 1) * len(LARGE))
    assert pace.rests <= pages / sqlite_copying.PAGES_AT_ONCE * 1.5 + 2


@only_sqlite
async def test_after_a_group_that_failed_the_copy_is_right_all_the_same(place: Place, tmp_path: Path) -> None:
    """The whole group is rolled back; SQLite begins the copy anew."""
    from veche.storage.schema import migrate

    engine = SqliteEngine(place.data / "other.sqlite3")
    migrate(engine)
    writer = Writer(engine, lambda entries: None)
    writer.start()
    loop, failures = asyncio.get_running_loop(), list[int]()

    def fail(tx: Transaction) -> None:
        put("fact 3", "never there")(tx)
        raise StorageFault("the disk hiccups")

    async def failing() -> None:
        if len(failures) < 2:
            failures.append(1)
            with pytest.raises(Refused):
                await writer.run(fail)

    for number in range(MANY):
        await writer.run(put(f"fact {number}"))
    pace = Hurry(lambda: asyncio.run_coroutine_threadsafe(failing(), loop).result())
    _, seen = await copied(writer, tmp_path / "copy", pace)
    assert (seen.facts, seen.length, len(failures)) == (MANY, MANY * len(LARGE), 2)
    await writer.close()
    engine.close()


async def test_a_copy_that_is_stopped_leaves_the_writer_as_it_was(writer: Writer, tmp_path: Path) -> None:
    for number in range(MANY):
        await writer.run(put(f"fact {number}"))
    pace = Hurry()
    pace.stop()
    with pytest.raises(Stopped):
        await copied(writer, tmp_path / "copy", pace)
    await writer.run(put("afterwards"))
    _, seen = await copied(writer, tmp_path / "again", Hurry())
    assert seen.facts == MANY + 1


async def test_without_room_nothing_is_begun(writer: Writer, tmp_path: Path) -> None:
    with pytest.raises(NoRoom, match="no room"):
        await copied(writer, tmp_path / "copy", Pace(hurries=True, least_room=2**60))
    await writer.run(put("afterwards"))


@only_sqlite
async def test_a_disk_that_is_full_ends_the_copy_and_nothing_else(writer: Writer, tmp_path: Path) -> None:
    """A limit on the size of files is a full disk to the process."""
    for number in range(MANY):
        await writer.run(put(f"fact {number}"))
    await writer.upkeep()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    pace = Hurry(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1])))
    try:
        with pytest.raises(StorageFault, match="the copy cannot go on"):
            await copied(writer, tmp_path / "copy", pace)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    await writer.run(put("afterwards"))
    assert (await copied(writer, tmp_path / "again", Hurry()))[1].facts == MANY + 1


@pytest.mark.parametrize("engine_name", ["postgres"])
async def test_a_connection_that_is_lost_ends_the_copy(writer: Writer, place: Place, tmp_path: Path) -> None:
    for number in range(MANY):
        await writer.run(put(f"fact {number}"))
    ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%' AND pid <> pg_backend_pid()"

    def act() -> None:
        with psycopg.connect(place.database, autocommit=True) as db:
            db.execute(ends.encode())

    with pytest.raises(StorageFault, match="could not be copied"):
        await copied(writer, tmp_path / "copy", Hurry(act))


def test_the_thread_gives_way_where_threads_can() -> None:
    with patch("os.setpriority") as lowered:
        aside._give_way()  # noqa: SLF001
    assert lowered.called == (os.uname().sysname == "Linux")
    with patch.object(aside, "_IS_LINUX", not aside._IS_LINUX), patch("os.setpriority") as lowered:  # noqa: SLF001
        aside._give_way()  # noqa: SLF001
    assert lowered.called != (os.uname().sysname == "Linux")


async def test_what_is_left_over_is_told_when_the_writer_ends(engine: Engine, tmp_path: Path) -> None:
    writer = Writer(engine, lambda entries: None)
    writer.start()
    for number in range(MANY):
        await writer.run(put(f"fact {number}"))
    resting, may_go_on = threading.Event(), threading.Event()

    def act() -> None:
        resting.set()
        may_go_on.wait()

    copying = asyncio.ensure_future(copied(writer, tmp_path / "copy", Hurry(act)))
    await asyncio.to_thread(resting.wait)
    await writer.close()
    may_go_on.set()
    if engine.name == "sqlite":
        with pytest.raises(StorageFault, match="stopping"):
            await copying
    else:
        assert (await copying)[1].facts == MANY  # it has a connection of its own
