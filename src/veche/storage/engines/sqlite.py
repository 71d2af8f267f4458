"""SQLite through apsw: one file in WAL mode, every commit on disk before it is acknowledged.

Pragmas, error classes and the checkpoint live here; no SQL of a subject does.
"""

import errno
import logging
import math
import re
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import apsw

from veche.storage.engines import (
    LONGEST_READ_SECONDS,
    ConflictingRow,
    Row,
    StorageBroken,
    StorageFault,
    StorageFull,
)

OLDEST = 3_051_003
"""Older versions may corrupt a WAL database when two connections checkpoint and reset it at once."""

_PATIENCE_MS = 10_000
_BETWEEN_TRIES_SECONDS = 0.005
_PRAGMAS = {
    "busy_timeout": _PATIENCE_MS,
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: the log is synced at every commit
    "wal_autocheckpoint": 0,  # upkeep does it, so that no commit has to
    "foreign_keys": 0,
    "cache_size": -16_384,
    "mmap_size": 0,
    "temp_store": 2,
}
_STATEMENTS_KEPT = 400
_STEPS_BETWEEN_LOOKS = 50_000
_PAGE_BYTES = 4096
_NOT_ON_DISK = {apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC}
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_log = logging.getLogger("veche.storage")


class SqliteConnection:
    """A connection with the house's pragmas, each read back."""

    def __init__(self, path: str, *, vfs: str | None, longest_read: float | None) -> None:
        self._longest_read = longest_read or 0.0
        self._until = math.inf  # outside of begin_read … rollback nothing is bounded
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_NOMUTEX
        try:
            self._db = apsw.Connection(path, flags=flags, vfs=vfs, statementcachesize=_STATEMENTS_KEPT)
            for name, value in _PRAGMAS.items():
                self._set(name, value)
            if longest_read is not None:
                self._set("query_only", 1)
                self._db.set_progress_handler(self._is_late, _STEPS_BETWEEN_LOOKS)
        except apsw.Error as fault:
            raise translated(fault, 0) from fault
        self._execute: Callable[[str, Row], apsw.Cursor] = self._db.cursor().execute

    def rows(self, sql: str, params: Row = ()) -> list[Row]:
        try:
            return self._execute(sql, params).fetchall()
        except apsw.Error as fault:
            known = translated(fault, self._db.system_errno)
            if isinstance(known, StorageFault):
                # SQLite may have dropped the transaction: what follows would be committed statement by statement.
                self._execute = _refuse
            raise known from fault

    def begin_read(self) -> None:
        self._until = monotonic() + self._longest_read
        self.rows("BEGIN")

    def begin_write(self) -> None:
        self.rows("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self.rows("COMMIT")

    def rollback(self) -> None:
        self._until = math.inf
        self._execute = self._db.execute
        if self._db.in_transaction:
            self.rows("ROLLBACK")

    def savepoint(self) -> None:
        self.rows("SAVEPOINT command")

    def release(self) -> None:
        self.rows("RELEASE command")

    def rollback_to(self) -> None:
        self.rows("ROLLBACK TO command")
        self.rows("RELEASE command")

    def checkpoint(self) -> tuple[int, int]:
        """Move pages from the log to the file without waiting for anybody; return (pages in log, pages moved)."""
        try:
            return self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.Error as fault:
            raise translated(fault, self._db.system_errno) from fault

    def begin_copy(self, target: apsw.Connection) -> apsw.Backup:
        """Begin to copy everything into ``target``; its steps must not be made inside a transaction."""
        try:
            return target.backup("main", self._db, "main")
        except apsw.Error as fault:
            raise translated(fault, target.system_errno) from fault

    def close(self) -> None:
        try:
            self._db.close()
        except apsw.Error as fault:  # the last one to close tidies up; what was committed is safe without that
            _log.warning("SQLite could not tidy up: %s", fault)

    def _set(self, name: str, value: Any) -> None:
        found = self._change(name, value)
        if found != value:
            raise StorageFault(f"SQLite keeps {name} = {found!r} where {value!r} was asked for")

    def _change(self, name: str, value: Any) -> Any:
        """Set a pragma and read it back. Where several open a new file at once, SQLite waits for nobody's WAL mode."""
        until = monotonic() + _PATIENCE_MS / 1000
        while True:
            try:
                self._db.pragma(name, value)
                return self._db.pragma(name)
            except apsw.BusyError:
                if monotonic() > until:
                    raise
                sleep(_BETWEEN_TRIES_SECONDS)

    def _is_late(self) -> bool:
        return monotonic() > self._until


class SqliteEngine:
    """Opens connections to one SQLite file. ``log_bytes`` is the size of the write-ahead log at the last upkeep."""

    name = "sqlite"
    largest_group = 200

    def __init__(self, path: Path, vfs: str | None = None, longest_read: float = LONGEST_READ_SECONDS) -> None:
        if apsw.SQLITE_VERSION_NUMBER < OLDEST:
            raise StorageFault(f"SQLite {apsw.sqlite_lib_version()} is too old; 3.51.3 or newer is needed")
        self.longest_read = longest_read
        self.log_bytes = 0
        self.path = path
        self._path = str(path)
        self._vfs = vfs
        self._checkpointer: SqliteConnection | None = None
        self._is_closed = False
        self._upkeep = threading.Lock()

    def connect(self, *, writes: bool) -> SqliteConnection:
        return SqliteConnection(self._path, vfs=self._vfs, longest_read=None if writes else self.longest_read)

    def claim(self) -> None:
        """The lock of the data folder keeps the file to one process already."""

    def script(self, text: str) -> list[str]:
        return [part for part in (_without_comments(text).replace("BIGINT", "INTEGER")).split(";\n") if part.strip()]

    def upkeep(self) -> None:
        with self._upkeep:
            if self._is_closed:
                return
            try:
                self._checkpointer = self._checkpointer or self.connect(writes=True)
                pages, _ = self._checkpointer.checkpoint()
                self.log_bytes = max(0, pages) * _PAGE_BYTES
            except StorageBroken:
                raise
            except StorageFault as fault:
                _log.warning("the checkpoint has to wait: %s", fault)

    def close(self) -> None:
        with self._upkeep:  # a checkpoint under way ends first
            self._is_closed = True
            if self._checkpointer is not None:
                self._checkpointer.close()


def _refuse(sql: str, params: Row) -> apsw.Cursor:
    raise StorageFault("the transaction failed before")


def _without_comments(text: str) -> str:
    return re.sub(r"--[^\n]*", "", text)


def translated(fault: apsw.Error, system_error: int) -> Exception:
    """Turn apsw's errors into the house's; those of one statement's making stay what they are."""
    if isinstance(fault, apsw.ConstraintError):
        return ConflictingRow(str(fault))
    if isinstance(fault, apsw.SQLError | apsw.BindingsError | apsw.TooBigError | apsw.MismatchError | apsw.RangeError):
        return fault
    if isinstance(fault, apsw.IOError) and getattr(fault, "extendedresult", 0) in _NOT_ON_DISK:
        return StorageBroken(f"what was written may not be on disk: {fault}")
    if isinstance(fault, apsw.FullError) or (isinstance(fault, apsw.IOError) and system_error in _NO_ROOM):
        return StorageFull("no room is left on the disk")
    return StorageFault(f"{type(fault).__name__}: {fault}")
