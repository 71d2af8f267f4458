"""Copying an SQLite database with its online backup, in small steps on the writer's own connection.

A page that changes behind the copy is changed in the copy as well, because both go through that connection; with one of
its own the copy would begin anew at every commit. Reasons and figures: docs/decisions/0019-the-form-of-a-backup.md.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import apsw

from veche.domain.operation.backups import Table
from veche.storage.engines import Between, Connection, StorageFault
from veche.storage.engines.sqlite import SqliteConnection, translated
from veche.storage.operation.names import DATABASE
from veche.storage.operation.pace import Pace

PAGES_AT_ONCE = 64
"""Pages of one step, a third of a millisecond: nobody who waits for the writer notices it."""
REST_SECONDS = 0.005
RESTS_FOR_EACH_STEP = 4
"""How much longer than a step, the wait for the writer included, the rest is where there is much to do."""
STEPS_UNSYNCED = 4
"""Steps after which the disk is waited for: a quarter of a megabyte each."""
_PAGE_BYTES = 4096
_PRAGMAS = ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE", "cache_size = -2048")


def copy_database(folder: Path, between: Between, pace: Pace, look: Callable[[Connection], None]) -> dict[str, Table]:
    """Copy into ``database.sqlite3``; the moment is that of the last step."""
    path = folder / DATABASE
    copy = _Copy(path)
    try:
        between(copy.begin)
        pace.expect_room(folder, between(copy.size))
        while not copy.steps_on(between):
            copy.settle(pace, folder)
        between(copy.end)
    finally:
        copy.abandon(between)
    connection = SqliteConnection(str(path), vfs=None, longest_read=None)
    try:
        look(connection)
        return _tables(connection)
    finally:
        connection.close()


class _Copy:
    """A copy under way. What takes a connection runs on the writer's thread, the rest on the caller's."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._target = apsw.Connection(str(path))
        for pragma in _PRAGMAS:
            self._target.execute(f"PRAGMA {pragma}").fetchall()
        self._backup: apsw.Backup | None = None
        self._steps = 0
        self._last_took = 0.0

    def steps_on(self, between: Between) -> bool:
        """Let the writer make one step; say whether it was the last."""
        began = monotonic()
        is_done = between(self.step)
        self._last_took = monotonic() - began
        return is_done

    def begin(self, connection: Connection) -> None:
        assert isinstance(connection, SqliteConnection)
        self._backup = connection.begin_copy(self._target)

    def size(self, connection: Connection) -> int:
        ((pages,),), ((size,),) = connection.rows("PRAGMA page_count"), connection.rows("PRAGMA page_size")
        return int(pages * size)

    def step(self, connection: Connection) -> bool:
        """Copy the next pages; say whether these were the last."""
        assert self._backup is not None
        try:
            self._steps += 1
            return self._backup.step(PAGES_AT_ONCE)
        except apsw.Error as fault:  # which of the two disks it was, SQLite does not say
            raise StorageFault(f"the copy cannot go on: {translated(fault, 0)}") from fault

    def settle(self, pace: Pace, folder: Path) -> None:
        """Rest between two steps, and now and then wait for the disk."""
        if self._steps % STEPS_UNSYNCED == 0:
            os.fdatasync(self._file)
            pace.done += STEPS_UNSYNCED * PAGES_AT_ONCE * _PAGE_BYTES
            pace.expect_room(folder)
        pace.rest(max(REST_SECONDS, RESTS_FOR_EACH_STEP * self._last_took))

    def end(self, connection: Connection) -> None:
        """Let go of both databases; the copy is whole."""
        assert self._backup is not None
        backup, self._backup = self._backup, None
        backup.finish()

    def abandon(self, between: Between) -> None:
        """Close everything, however far it came."""
        if self._backup is not None:
            with contextlib.suppress(apsw.Error, StorageFault):
                between(self.end)
        self._target.close()
        os.close(self._file)


def _tables(connection: Connection) -> dict[str, Table]:
    found = connection.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return {name: _table(connection, name) for (name,) in sorted(found)}


def _table(connection: Connection, name: str) -> Table:
    columns = connection.rows("SELECT name FROM pragma_table_info(?) ORDER BY cid", (name,))
    ((rows,),) = connection.rows(f'SELECT COUNT(*) FROM "{name}"')
    return Table(tuple(column for (column,) in columns), rows)
