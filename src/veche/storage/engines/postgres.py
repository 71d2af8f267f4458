"""PostgreSQL through psycopg: several processes, one log, ordered by an advisory lock.

The translation of the shared SQL and of errors lives here; no SQL of a subject does.
"""

import logging
import re
import select
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache

import psycopg
from psycopg import errors
from psycopg.adapt import Buffer, PyFormat, Transformer
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

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
_SERVERS_LOCK = _WRITERS_LOCK + 1
_PATIENCE_MS = 2_500
_STATEMENTS_KEPT = 400
_STATEMENTS_COUNTED = 4_000
_USES_BEFORE_PREPARING = 2
_BINARY = 1
Statement = tuple[str, tuple[int, ...]]
"""A statement's text and its parameters' types."""
Values = Sequence[Buffer | None]
_log = logging.getLogger("veche.storage")
_FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED)


class PostgresConnection:
    """A connection in pipeline mode: what needs no answer of its own travels with the next statement that does.

    psycopg's cursors are left aside, because they take longer than the round trip; connecting, values and errors are
    psycopg's. A lost connection is opened anew by the next ``begin_read`` or ``begin_write``.
    """

    def __init__(
        self, url: str, *, longest_read: float | None, before_writing: Callable[[], None] = lambda: None
    ) -> None:
        self._url = url
        self._before_writing = before_writing
        self._statement_timeout = "0" if longest_read is None else f"{longest_read * 1000:.0f}ms"
        self._open()

    def rows(self, sql: str, params: Row = ()) -> list[Row]:
        try:
            result = self._exchange(sql, params)
            if result.nfields == 0:
                return []
            self._values.set_pgresult(result)
            return self._values.load_rows(0, result.ntuples, tuple)
        except psycopg.Error as fault:
            raise _translated(fault) from fault

    def begin_read(self) -> None:
        self._begin()
        self._deferred.append("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def begin_write(self) -> None:
        self._before_writing()
        self._begin()
        self._deferred.append("BEGIN")
        self.rows(f"SELECT pg_advisory_xact_lock({_WRITERS_LOCK})")

    def commit(self) -> None:
        self._notice_loss()
        if self._is_lost:
            raise StorageFault("the connection was lost before the commit")
        try:
            result = self._exchange("COMMIT", ())
        except psycopg.Error as fault:
            if self._is_lost:
                raise StorageBroken(f"nobody knows whether the commit is on disk: {_one_line(fault)}") from fault
            raise _translated(fault) from fault
        if result.command_status != b"COMMIT":  # PostgreSQL answers ROLLBACK, without an error, to a failed one
            raise StorageFault("the transaction had failed before its commit")

    def rollback(self) -> None:
        self._deferred.clear()
        if not self._is_lost and self._link.transaction_status != TransactionStatus.IDLE:
            self.rows("ROLLBACK")

    def savepoint(self) -> None:
        self._deferred.append("SAVEPOINT command")

    def release(self) -> None:
        self._deferred.append("RELEASE command")

    def rollback_to(self) -> None:
        self._deferred += ("ROLLBACK TO command", "RELEASE command")

    def close(self) -> None:
        self._db.close()

    def stands(self) -> bool:
        """Say whether the server at the other end still holds this connection, as far as it has told."""
        self._notice_loss()
        return not self._is_lost

    @property
    def _is_lost(self) -> bool:
        return self._link.status != ConnStatus.OK

    def _begin(self) -> None:
        """Replace a connection that was lost since its last use, while nothing is lost with it yet."""
        self._notice_loss()
        if self._is_lost:
            self._open()

    def _notice_loss(self) -> None:
        """Read what came unasked: the last words of a server that has closed the connection."""
        try:
            while not self._is_lost and self._incoming.poll(0):
                self._link.consume_input()
        except psycopg.OperationalError:
            self._db.close()

    def _open(self) -> None:
        try:
            self._db = psycopg.connect(self._url, autocommit=True)
        except psycopg.OperationalError as fault:
            raise StorageFault(f"PostgreSQL cannot be reached: {_one_line(fault)}") from fault
        if self._db.info.server_version < OLDEST:
            self._db.close()
            raise StorageFault("PostgreSQL 15 or newer is needed")
        self._link = self._db.pgconn
        self._link.nonblocking = 0
        self._link.enter_pipeline_mode()
        self._values = Transformer(self._db)
        self._incoming = select.poll()
        self._incoming.register(self._link.socket, select.POLLIN)
        self._deferred: list[str] = []
        self._uses: dict[Statement, int] = {}
        self._named: dict[Statement, bytes] = {}
        self._fresh: list[Statement] = []
        self._names_given = 0
        self.rows("SET synchronous_commit = on")
        self.rows(f"SET statement_timeout = '{self._statement_timeout}'")

    def _exchange(self, sql: str, params: Row) -> PGresult:
        """Send what was deferred and this statement, wait for all answers, and return the last."""
        values = self._values.dump_sequence(params, [PyFormat.AUTO] * len(params)) if params else []
        deferred, self._deferred = self._deferred, []
        self._fresh.clear()
        for earlier in deferred:
            self._send(earlier, [], (), ())
        if params:
            self._send(sql, values, self._values.types or (), self._values.formats or ())
        else:
            self._send(sql, values, (), ())
        self._link.pipeline_sync()
        results = self._receive()
        for result in results:
            if result.status in _FAILED:
                for key in self._fresh:  # nobody knows which of these were named before the fault
                    self._named.pop(key, None)
                raise errors.error_from_result(result)
        return results[-1]

    def _send(self, sql: str, values: Values, types: tuple[int, ...], formats: Sequence[int]) -> None:
        name = self._named.get((sql, types)) or self._prepare(sql, types)
        if name is None:
            self._link.send_query_params(_numbered(sql), values, types, formats, _BINARY)
        else:
            self._link.send_query_prepared(name, values, formats, _BINARY)

    def _prepare(self, sql: str, types: tuple[int, ...]) -> bytes | None:
        """Name a statement that is used again and again; return None for one that is not, as far as we know."""
        uses = self._uses[sql, types] = self._uses.get((sql, types), 0) + 1
        if len(self._uses) > _STATEMENTS_COUNTED:
            self._uses.clear()
        if uses < _USES_BEFORE_PREPARING:
            return None
        if len(self._named) >= _STATEMENTS_KEPT:
            self._named.clear()
            self._link.send_query_params(b"DEALLOCATE ALL", None)
        self._names_given += 1
        name = self._named[sql, types] = b"veche%d" % self._names_given
        self._fresh.append((sql, types))
        self._link.send_prepare(name, _numbered(sql), types)
        return name

    def _receive(self) -> list[PGresult]:
        results: list[PGresult] = []
        while True:
            while self._link.is_busy():
                self._incoming.poll()  # without the interpreter's lock
                self._link.consume_input()
            result = self._link.get_result()
            if result is None:  # the end of one statement, or of everything
                if self._is_lost:
                    raise psycopg.OperationalError("the connection was lost")
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                return results
            results.append(result)


class PostgresEngine:
    """Opens connections to one PostgreSQL database."""

    name = "postgres"
    largest_group = 50  # PostgreSQL remembers 64 open savepoints cheaply
    log_bytes = 0

    def __init__(self, url: str, longest_read: float = LONGEST_READ_SECONDS) -> None:
        self._url = url
        self.longest_read = longest_read
        self._claim: PostgresConnection | None = None
        self._claiming = threading.Lock()
        self._is_claim_missed = False

    def connect(self, *, writes: bool) -> PostgresConnection:
        if writes:
            return PostgresConnection(self._url, longest_read=None, before_writing=self._keep_claim)
        return PostgresConnection(self._url, longest_read=self.longest_read)

    def open(self) -> "psycopg.Connection[Row]":
        """Open a connection of psycopg's own: for COPY, which has no place among pipelined statements."""
        try:
            return psycopg.connect(self._url, autocommit=True)
        except psycopg.OperationalError as fault:
            raise StorageFault(f"PostgreSQL cannot be reached: {_one_line(fault)}") from fault

    def claim(self) -> None:
        self._claim = self._claimed()
        if self._claim is None:
            raise StorageFault("another server uses this PostgreSQL database")

    def script(self, text: str) -> list[str]:
        bare = re.sub(r"--[^\n]*", "", text).replace(" BLOB", " BYTEA").replace(" WITHOUT ROWID", "")
        return [part for part in bare.split(";\n") if part.strip()]

    def upkeep(self) -> None:
        """PostgreSQL keeps its own house; what is looked after is that it is still kept to this process."""
        try:
            self._keep_claim()
        except StorageBroken:
            raise
        except StorageFault as fault:
            _log.warning("the database cannot be claimed again: %s", fault)

    def close(self) -> None:
        with self._claiming:
            if self._claim is not None:
                self._claim.close()
                self._claim = None

    def _keep_claim(self) -> None:
        """Claim the database again where the connection that did is gone, as after a restart of PostgreSQL.

        Nothing is written before that. Raises ``StorageBroken`` where another server was faster: what this process
        holds in memory is no longer what the database says.
        """
        with self._claiming:
            if self._claim is None or self._claim.stands():
                return
            if not self._is_claim_missed:
                self._is_claim_missed = True
                _log.warning("the connection that claims the database was lost")
            claim = self._claimed()
            if claim is None:
                raise StorageBroken("another server has claimed this PostgreSQL database meanwhile")
            self._claim, self._is_claim_missed = claim, False
            _log.warning("the database is claimed again")

    def _claimed(self) -> PostgresConnection | None:
        """Return a connection that claims the database, or None where another server has it."""
        made = PostgresConnection(self._url, longest_read=None)
        try:
            made.rows(f"SET lock_timeout = '{_PATIENCE_MS}ms'")  # one that was just killed is let go of in a moment
            made.rows(f"SELECT pg_advisory_lock({_SERVERS_LOCK})")
        except StorageFault:
            is_taken = made.stands()  # the lock was not given, and nothing else is wrong
            made.close()
            if is_taken:
                return None
            raise
        return made


@lru_cache(maxsize=2_000)
def _numbered(sql: str) -> bytes:
    """Replace each ``?`` by ``$1``, ``$2`` and so on."""
    parts = sql.split("?")
    return (parts[0] + "".join(f"${at}{part}" for at, part in enumerate(parts[1:], 1))).encode()


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
