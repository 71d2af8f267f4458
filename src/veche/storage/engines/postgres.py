"""PostgreSQL through psycopg: several processes, one log, ordered by an advisory lock.

The translation of the shared SQL and of errors lives here; no SQL of a subject does.
"""

import re
from functools import lru_cache

import psycopg
from psycopg import errors
from psycopg.pq import TransactionStatus

from veche.storage.engines import (
    LONGEST_READ_SECONDS,
    ConflictingRow,
    Row,
    StorageBroken,
    StorageFault,
    StorageFull,
)

OLDEST = 150_000
_WRITERS_LOCK = 0x7665636865  # "veche"
_STATEMENTS_KEPT = 400


class PostgresConnection:
    """A connection in autocommit mode; transactions are opened by name, like everywhere in the house.

    A lost connection is opened anew by the next ``begin_read`` or ``begin_write``.
    """

    def __init__(self, url: str, *, longest_read: float | None) -> None:
        self._url = url
        self._statement_timeout = "0" if longest_read is None else f"{longest_read * 1000:.0f}ms"
        self._open()

    def rows(self, sql: str, params: Row = ()) -> list[Row]:
        try:
            cursor = self._cursor.execute(_numbered(sql), params)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as fault:
            raise _translated(fault) from fault

    def begin_read(self) -> None:
        self._begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def begin_write(self) -> None:
        self._begin("BEGIN")
        self.rows(f"SELECT pg_advisory_xact_lock({_WRITERS_LOCK})")

    def commit(self) -> None:
        try:
            self.rows("COMMIT")
        except StorageFault as fault:
            if self._db.closed:
                raise StorageBroken(f"nobody knows whether the commit is on disk: {fault}") from fault
            raise
        if self._cursor.statusmessage != "COMMIT":  # PostgreSQL answers ROLLBACK, without an error, to a failed one
            raise StorageFault("the transaction had failed before its commit")

    def rollback(self) -> None:
        if not self._db.closed and self._db.info.transaction_status != TransactionStatus.IDLE:
            self.rows("ROLLBACK")

    def savepoint(self) -> None:
        self.rows("SAVEPOINT command")

    def release(self) -> None:
        self.rows("RELEASE command")

    def rollback_to(self) -> None:
        self.rows("ROLLBACK TO command")
        self.rows("RELEASE command")

    def close(self) -> None:
        self._db.close()

    def _begin(self, sql: str) -> None:
        """Open a transaction; nothing is lost yet, so a connection found dead is replaced once."""
        if not self._db.closed:
            try:
                self.rows(sql)
                return
            except StorageFault:
                if not self._db.closed:
                    raise
        self._open()
        self.rows(sql)

    def _open(self) -> None:
        try:
            self._db = psycopg.connect(self._url, autocommit=True, cursor_factory=psycopg.RawCursor)
        except psycopg.OperationalError as fault:
            raise StorageFault(f"PostgreSQL cannot be reached: {_one_line(fault)}") from fault
        if self._db.info.server_version < OLDEST:
            self._db.close()
            raise StorageFault("PostgreSQL 15 or newer is needed")
        self._db.prepare_threshold = 2
        self._db.prepared_max = _STATEMENTS_KEPT
        self._cursor = self._db.cursor()
        self.rows("SET synchronous_commit = on")
        self.rows(f"SET statement_timeout = '{self._statement_timeout}'")


class PostgresEngine:
    """Opens connections to one PostgreSQL database."""

    name = "postgres"
    largest_group = 50  # PostgreSQL remembers 64 open savepoints cheaply

    def __init__(self, url: str, longest_read: float = LONGEST_READ_SECONDS) -> None:
        self._url = url
        self.longest_read = longest_read

    def connect(self, *, writes: bool) -> PostgresConnection:
        return PostgresConnection(self._url, longest_read=None if writes else self.longest_read)

    def script(self, text: str) -> list[str]:
        bare = re.sub(r"--[^\n]*", "", text).replace(" BLOB", " BYTEA").replace(" WITHOUT ROWID", "")
        return [part for part in bare.split(";\n") if part.strip()]

    def upkeep(self) -> None:
        """PostgreSQL keeps its own house."""

    def close(self) -> None:
        """Nothing is kept open."""


@lru_cache(maxsize=2_000)
def _numbered(sql: str) -> str:
    """Replace each ``?`` by ``$1``, ``$2`` and so on."""
    parts = sql.split("?")
    return parts[0] + "".join(f"${at}{part}" for at, part in enumerate(parts[1:], 1))


def _translated(fault: psycopg.Error) -> Exception:
    if isinstance(fault, psycopg.IntegrityError):
        return ConflictingRow(_one_line(fault))
    if isinstance(fault, errors.DiskFull):
        return StorageFull("no room is left for the database")
    if isinstance(fault, psycopg.ProgrammingError | psycopg.DataError):
        return fault
    return StorageFault(f"{type(fault).__name__}: {_one_line(fault)}")


def _one_line(fault: BaseException) -> str:
    return " ".join(str(fault).split())
