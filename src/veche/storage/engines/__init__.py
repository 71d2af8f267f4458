"""What the two databases have in common: the connection's few verbs, and the faults it may answer with.

All SQL of the house is written once, with ``?`` for parameters; each engine makes of it what its database wants.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
Row = tuple[Any, ...]

LONGEST_READ_SECONDS = 1.0


class StorageFault(Exception):
    """The database could not do its work; the whole group of commands is undone."""


class StorageFull(StorageFault):
    """No room is left on the disk."""


class StorageBroken(StorageFault):
    """What was written may not be on disk (a failed fsync): the process must stop and recover from the log."""


class ConflictingRow(Exception):
    """A row breaks a constraint: a fault of the one command that wrote it, not of the storage."""


class Connection(Protocol):
    """One connection, used by one thread at a time."""

    def rows(self, sql: str, params: Row = ()) -> list[Row]:
        """Run one statement and return its rows."""

    def begin_read(self) -> None:
        """Open a snapshot: every later read sees one moment."""

    def begin_write(self) -> None:
        """Open the group's transaction and wait until no other writer is in one."""

    def commit(self) -> None:
        """Make the transaction durable; returns when it is on disk.

        Raises ``StorageBroken`` where nobody can know whether it is.
        """

    def rollback(self) -> None:
        """Undo the transaction, if one is still open. After a ``StorageFault`` nothing works before this."""

    def savepoint(self) -> None:
        """Mark the place a refused command is undone to."""

    def release(self) -> None:
        """Keep what was done since the savepoint."""

    def rollback_to(self) -> None:
        """Undo what was done since the savepoint."""

    def close(self) -> None:
        """Close the connection."""


class Run(Protocol):
    """Runs statements in a transaction that somebody else opened and will commit."""

    def __call__(self, sql: str, params: Row = ()) -> list[Row]:
        """Run one statement and return its rows."""


class Between(Protocol):
    """Lets another thread use the writer's connection between two groups."""

    def __call__(self, step: Callable[[Connection], T]) -> T:
        """Run ``step``, which takes no longer than a moment, and return its result."""


class Engine(Protocol):
    """Opens connections to one database.

    ``largest_group`` bounds the commands of one transaction. A statement between ``begin_read`` and ``rollback`` is
    stopped after ``longest_read`` seconds, with ``StorageFault``. ``log_bytes`` is the size of the write-ahead log at
    the last upkeep, 0 where the database keeps that to itself.
    """

    name: str
    largest_group: int
    longest_read: float
    log_bytes: int

    def connect(self, *, writes: bool) -> Connection:
        """Open a connection; raise ``StorageFault`` with one clear sentence where that is not possible."""

    def claim(self) -> None:
        """Keep the database to this process until ``close``; raise ``StorageFault`` where another one has it.

        What lives in memory follows only the commits of its own process.
        """

    def script(self, text: str) -> list[str]:
        """Turn a migration's shared text into this database's statements."""

    def upkeep(self) -> None:
        """Do what the database wants done from time to time (a checkpoint, for example).

        Runs on a thread of its own. Raises ``StorageBroken`` only; lesser faults are logged and tried again next time.
        """

    def close(self) -> None:
        """Close what the engine keeps open for itself."""
