"""The engines: what both promise, and what each does about its own database's habits."""

import threading
from pathlib import Path
from unittest.mock import patch

import apsw
import psycopg
import pytest

from tests.stage.databases import Place
from tests.storage.conftest import names, put
from veche.domain.refusals import Refused
from veche.storage.engines import (
    ConflictingRow,
    Connection,
    Engine,
    Row,
    StorageBroken,
    StorageFault,
    StorageFull,
    sqlite,
)
from veche.storage.engines import postgres as postgres_engine
from veche.storage.engines.postgres import PostgresConnection, PostgresEngine
from veche.storage.engines.sqlite import SqliteEngine
from veche.storage.reader import Reader
from veche.storage.writer import Writer

only_sqlite = pytest.mark.parametrize("engine_name", ["sqlite"])
only_postgres = pytest.mark.parametrize("engine_name", ["postgres"])


def write_one(connection: Connection, name: str) -> None:
    """Write one row; the transaction is the caller's."""
    connection.rows("INSERT INTO server_facts (name, value) VALUES (?, 'x')", (name,))


def all_names(connection: Connection) -> list[str]:
    """Return the names of all rows."""
    return [row[0] for row in connection.rows("SELECT name FROM server_facts ORDER BY name")]


def test_values_come_back_as_they_went_in(engine: Engine) -> None:
    connection = engine.connect(writes=True)
    text, blob, number = "naïve 'quoted' ? %s \U0001f600", bytes(range(256)), 2**53
    row = connection.rows("SELECT ?, CAST(? AS BYTEA), CAST(? AS BIGINT), ?", (text, blob, number, None))
    if engine.name == "sqlite":
        row = connection.rows("SELECT ?, ?, ?, ?", (text, blob, number, None))
    assert row == [(text, blob, number, None)]
    connection.close()


def test_a_savepoint_is_undone_alone(engine: Engine) -> None:
    connection = engine.connect(writes=True)
    connection.begin_write()
    write_one(connection, "a")
    connection.savepoint()
    write_one(connection, "b")
    connection.rollback_to()
    connection.savepoint()
    write_one(connection, "c")
    connection.release()
    connection.commit()
    connection.rollback()  # nothing is open: harmless
    assert all_names(connection) == ["a", "c"]
    connection.close()


def test_a_conflicting_row_is_undone_alone(engine: Engine) -> None:
    connection = engine.connect(writes=True)
    connection.begin_write()
    write_one(connection, "a")
    connection.savepoint()
    with pytest.raises(ConflictingRow):
        write_one(connection, "a")
    connection.rollback_to()
    connection.commit()
    assert all_names(connection) == ["a"]
    connection.close()


def test_the_second_writer_waits_for_the_first(engine: Engine) -> None:
    first, second = engine.connect(writes=True), engine.connect(writes=True)
    seen: list[list[str]] = []

    def write_second() -> None:
        second.begin_write()
        seen.append(all_names(second))
        second.commit()

    first.begin_write()
    thread = threading.Thread(target=write_second)
    thread.start()
    write_one(first, "a")
    assert seen == []
    first.commit()
    thread.join()
    assert seen == [["a"]]
    first.close()
    second.close()


@only_sqlite
def test_every_pragma_is_read_back(engine: Engine, tmp_path: Path) -> None:
    connection = engine.connect(writes=True)
    assert connection.rows("PRAGMA synchronous") == [(2,)]
    assert connection.rows("PRAGMA journal_mode") == [("wal",)]
    connection.close()
    with (
        patch.dict(sqlite._PRAGMAS, {"page_size": 1000}),  # noqa: SLF001
        pytest.raises(StorageFault, match="SQLite keeps page_size = 4096 where 1000 was asked for"),
    ):
        SqliteEngine(tmp_path / "other.sqlite3").connect(writes=True)


def test_a_new_file_may_be_opened_by_many_at_once(tmp_path: Path) -> None:
    faults: list[Exception] = []

    def open_it(at: threading.Barrier, path: Path) -> None:
        at.wait()
        try:
            SqliteEngine(path).connect(writes=True).close()
        except StorageFault as fault:
            faults.append(fault)

    for number in range(20):
        at = threading.Barrier(8)
        threads = [threading.Thread(target=open_it, args=(at, tmp_path / f"{number}.sqlite")) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not faults


def test_an_old_sqlite_is_refused(tmp_path: Path) -> None:
    with patch.object(apsw, "SQLITE_VERSION_NUMBER", 3_051_002), pytest.raises(StorageFault, match=r"3\.51\.3"):
        SqliteEngine(tmp_path / "veche.sqlite3")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "veche.sqlite3").write_bytes(b"nothing that SQLite would know" * 100)
    with pytest.raises(StorageFault, match="NotADB"):
        SqliteEngine(tmp_path / "veche.sqlite3").connect(writes=True)


@only_sqlite
def test_after_a_fault_nothing_is_written_before_the_rollback(engine: Engine) -> None:
    """SQLite may have dropped the transaction by itself: each later statement would be a commit of its own."""
    connection = engine.connect(writes=True)
    assert isinstance(connection, sqlite.SqliteConnection)
    connection.begin_write()
    connection.rows("PRAGMA max_page_count = 1")
    with pytest.raises(StorageFull):
        write_one(connection, 100_000 * "a")
    for _ in range(2):
        with pytest.raises(StorageFault, match="failed before"):
            write_one(connection, "b")
    connection.rollback()
    assert all_names(connection) == []
    connection.rows("PRAGMA max_page_count = 1000000")
    connection.begin_write()
    write_one(connection, "c")
    connection.commit()
    assert all_names(connection) == ["c"]
    connection.close()


@only_sqlite
def test_upkeep_moves_the_log_into_the_file(place: Place, engine: Engine) -> None:
    assert isinstance(engine, SqliteEngine)
    connection = engine.connect(writes=True)
    write_one(connection, "a")
    engine.upkeep()
    assert engine.log_bytes > 0
    connection.rows("PRAGMA query_only = 1")
    assert connection.rows("PRAGMA wal_checkpoint(PASSIVE)")[0][0] == 0
    connection.close()
    engine.close()
    engine.upkeep()  # after the end it does nothing
    log = place.data / "veche.sqlite3-wal"
    assert not log.exists()


@only_sqlite
def test_upkeep_bears_a_fault_but_not_a_failed_fsync(engine: Engine) -> None:
    with patch.object(sqlite.SqliteConnection, "checkpoint", side_effect=StorageFault("no room")):
        engine.upkeep()
    with (
        patch.object(sqlite.SqliteConnection, "checkpoint", side_effect=StorageBroken("fsync")),
        pytest.raises(StorageBroken),
    ):
        engine.upkeep()
    engine.upkeep()


@only_sqlite
def test_closing_waits_for_upkeep(engine: Engine) -> None:
    has_begun, may_go_on = threading.Event(), threading.Event()
    whole = sqlite.SqliteConnection.checkpoint

    def slow(connection: sqlite.SqliteConnection) -> tuple[int, int]:
        has_begun.set()
        may_go_on.wait()
        return whole(connection)

    with patch.object(sqlite.SqliteConnection, "checkpoint", slow):
        upkeep = threading.Thread(target=engine.upkeep)
        upkeep.start()
        has_begun.wait()
        closing = threading.Thread(target=engine.close)
        closing.start()
        may_go_on.set()
        upkeep.join()
        closing.join()


@only_postgres
async def test_a_lost_connection_is_opened_anew(place: Place, writer: Writer, reader: Reader) -> None:
    await writer.run(put("a"))
    _cut_connections(place.database)
    assert await writer.run(put("b")) == 2, "nothing was lost with the connection, so nobody notices"
    assert await reader.run(names) == ["a", "b"]


@only_postgres
async def test_a_connection_lost_inside_a_group_undoes_the_group(place: Place, writer: Writer) -> None:
    def work(tx: object) -> None:
        _cut_connections(place.database)

    with pytest.raises(Refused) as refused:
        await writer.run(work)
    assert refused.value.refusal.status == 503
    assert await writer.run(put("a")) == 1


@only_postgres
def test_a_commit_of_unknown_end_is_broken(place: Place, engine: Engine) -> None:
    connection = engine.connect(writes=True)
    connection.begin_write()
    with (
        patch.object(PostgresConnection, "_notice_loss", lambda self: _cut_connections(place.database)),
        pytest.raises(StorageBroken, match="nobody knows"),
    ):
        connection.commit()  # the connection is lost after the last look at it
    connection.rollback()  # nothing is left to undo
    connection.close()


@only_postgres
def test_a_commit_that_the_database_refuses_is_undone(engine: Engine) -> None:
    connection = engine.connect(writes=True)
    connection.rows("CREATE TABLE late (x BIGINT UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    connection.begin_write()
    for _ in range(2):
        connection.rows("INSERT INTO late (x) VALUES (1)")
    with pytest.raises(ConflictingRow):
        connection.commit()
    connection.rollback()
    assert connection.rows("SELECT x FROM late") == []
    connection.close()


@only_postgres
def test_a_failed_transaction_cannot_be_committed(engine: Engine) -> None:
    connection = engine.connect(writes=True)
    connection.begin_write()
    write_one(connection, "a")
    with pytest.raises(ConflictingRow):
        write_one(connection, "a")
    with pytest.raises(StorageFault, match="failed before its commit"):
        connection.commit()
    assert all_names(connection) == []
    connection.close()


def test_postgres_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(StorageFault, match="PostgreSQL cannot be reached: ") as fault:
        PostgresEngine(f"postgresql://veche@/veche?host={tmp_path}").connect(writes=True)
    assert "\n" not in str(fault.value)


@only_postgres
def test_an_old_postgres_is_refused(place: Place) -> None:
    with patch.object(postgres_engine, "OLDEST", 990_000), pytest.raises(StorageFault, match="PostgreSQL 15 or newer"):
        PostgresEngine(place.database).connect(writes=True)


@only_postgres
def test_a_full_disk_is_known_by_its_code(engine: Engine) -> None:
    connection = engine.connect(writes=True)
    assert isinstance(connection, PostgresConnection)
    with pytest.raises(StorageFull):
        connection.rows("DO $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$")
    connection.close()


@only_postgres
def test_one_process_at_a_time_has_the_database(engine: Engine, place: Place) -> None:
    """A second server would answer from a memory that does not follow the first one's commits."""
    engine.claim()
    second = PostgresEngine(place.database)
    with (
        patch.object(postgres_engine, "_PATIENCE_MS", 1),
        pytest.raises(StorageFault, match="another server uses this PostgreSQL database"),
    ):
        second.claim()
    engine.close()
    second.claim()
    second.close()


@only_postgres
@pytest.mark.parametrize("at", ["the next write", "the housekeeping"])
def test_a_claim_that_was_lost_is_made_again(
    engine: Engine, place: Place, at: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As after a restart of PostgreSQL: neither the writer's connection nor the claim's outlives that."""
    engine.claim()
    connection = engine.connect(writes=True)
    _cut_connections(place.database)
    if at == "the next write":
        connection.begin_write()
        write_one(connection, "a")
        connection.commit()
    else:
        engine.upkeep()
    assert [record.message for record in caplog.records] == [
        "the connection that claims the database was lost",
        "the database is claimed again",
    ]
    second = PostgresEngine(place.database)
    with patch.object(postgres_engine, "_PATIENCE_MS", 1), pytest.raises(StorageFault, match="another server uses"):
        second.claim()
    connection.close()


@only_postgres
def test_a_connection_that_is_lost_while_it_claims_says_nothing_of_others(engine: Engine) -> None:
    asked = PostgresConnection.rows

    def fails(self: PostgresConnection, sql: str, params: Row = ()) -> list[Row]:
        if "advisory_lock" in sql:
            self.close()
            raise StorageFault("gone")
        return asked(self, sql, params)

    with patch.object(PostgresConnection, "rows", fails), pytest.raises(StorageFault, match="gone"):
        engine.claim()


@only_postgres
def test_whoever_lost_the_claim_to_another_stops(engine: Engine, place: Place) -> None:
    engine.claim()
    connection = engine.connect(writes=True)
    _cut_connections(place.database)
    second = PostgresEngine(place.database)
    second.claim()
    with patch.object(postgres_engine, "_PATIENCE_MS", 1):
        for step in (connection.begin_write, engine.upkeep):
            with pytest.raises(StorageBroken, match="another server has claimed"):
                step()
    second.close()
    connection.close()


@only_postgres
def test_a_claim_waits_until_the_database_can_be_reached(
    engine: Engine, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    engine.claim()
    connection = engine.connect(writes=True)
    _cut_connections(place.database)
    with patch.object(psycopg, "connect", side_effect=psycopg.OperationalError("gone")):
        with pytest.raises(StorageFault, match="cannot be reached"):
            connection.begin_write()
        engine.upkeep()
        engine.upkeep()
    assert caplog.messages.count("the connection that claims the database was lost") == 1
    assert caplog.messages[-1].startswith("the database cannot be claimed again: ")
    engine.upkeep()
    assert caplog.messages[-1] == "the database is claimed again"
    connection.begin_write()
    connection.rollback()
    connection.close()


def test_a_value_the_database_cannot_hold_harms_its_own_command_only(engine: Engine) -> None:
    connection = engine.connect(writes=True)
    connection.begin_write()
    for value in (2**70, object()):
        connection.savepoint()
        with pytest.raises(Exception, match=r".") as fault:
            connection.rows("INSERT INTO sign_in_failures (subject, failed_ts) VALUES ('a', ?)", (value,))
        assert not isinstance(fault.value, StorageFault)
        connection.rollback_to()
    write_one(connection, "a")
    connection.commit()
    assert all_names(connection) == ["a"]
    connection.close()


@only_postgres
def test_statements_are_prepared_and_forgotten_again(engine: Engine) -> None:
    connection = engine.connect(writes=True)
    prepared = "SELECT COUNT(*) FROM pg_prepared_statements WHERE name LIKE ?"
    with patch.object(postgres_engine, "_STATEMENTS_KEPT", 5), patch.object(postgres_engine, "_STATEMENTS_COUNTED", 20):
        for number in range(30):
            for _ in range(3):
                assert connection.rows(f"SELECT {number} + ?", (1,)) == [(number + 1,)]
        assert 0 < connection.rows(prepared, ("veche%",))[0][0] <= 6
    for _ in range(3):
        with pytest.raises(ConflictingRow):
            connection.rows("INSERT INTO schema_steps (number) VALUES (1)")
    assert connection.rows("SELECT 7") == [(7,)]
    connection.close()


def _cut_connections(url: str) -> None:
    """End all other connections to a database, as a restart of PostgreSQL does."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
