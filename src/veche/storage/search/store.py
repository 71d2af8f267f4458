"""What both kinds of index have in common: their tables' shared part, the numbers of names, and what a store can do."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from veche.domain.ids import Position
from veche.storage.engines import Connection
from veche.storage.rows import slices
from veche.storage.search.analysis import WAY
from veche.storage.search.records import Document, Match, Progress, Wanted

_MADE = 2
VERSION = _MADE << 32 | WAY
"""Changed with everything that makes an old index useless, other stems included; such a one is made anew."""

LEDGER = """
CREATE TABLE progress (
    version BIGINT NOT NULL,
    position BIGINT NOT NULL,
    anchored BIGINT NOT NULL,
    anchor TEXT NOT NULL
);
CREATE TABLE names (
    name TEXT PRIMARY KEY,
    number BIGINT NOT NULL,
    documents BIGINT NOT NULL
) WITHOUT ROWID;
"""
DOCUMENTS = """
CREATE TABLE documents (
    position BIGINT PRIMARY KEY,
    room BIGINT NOT NULL,
    sender BIGINT NOT NULL,
    source BIGINT NOT NULL,
    length BIGINT NOT NULL,
    has_url BIGINT NOT NULL
);
CREATE INDEX documents_edited ON documents (source) WHERE source <> position;
"""


_COUNTS = (
    "INSERT INTO names (name, number, documents) VALUES {values}"
    " ON CONFLICT (name) DO UPDATE SET documents = names.documents + excluded.documents"
)
ALL = ""
"""The name under which all documents are counted."""


class Named(msgspec.Struct, frozen=True, array_like=True):
    """A room or a person by number; ``documents`` is about how many a room has, redacted ones included."""

    number: int
    documents: int


class Numbers:
    """Rooms and people by number, as marks are short so. Numbers are given while a transaction writes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, int] = {}
        self._added: dict[str, int] = {}

    def look_up(self, names: set[str]) -> None:
        """Read the numbers of many names at once, as ``of`` is about to be asked for them."""
        known = numbers_of(self._connection, sorted(names))
        self._known.update((name, named.number) for name, named in known.items())

    def count(self, room: str) -> None:
        """Count one more document of a room."""
        for name in (room, ALL):
            self._added[name] = self._added.get(name, 0) + 1

    def keep_counts(self) -> None:
        """Write down what was counted."""
        rows = [(name, self.of(name), added) for name, added in sorted(self._added.items())]
        for some in slices(rows, 250):
            values = ", ".join(["(?, ?, ?)"] * len(some))
            self._connection.rows(_COUNTS.format(values=values), tuple(value for row in some for value in row))
        self._added.clear()

    def of(self, name: str) -> int:
        """Return a name's number, given to it now where it has none."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = self._found(name)
        return known

    def _found(self, name: str) -> int:
        row = self._connection.rows("SELECT number FROM names WHERE name = ?", (name,))
        if row:
            return int(row[0][0])
        number = int(self._connection.rows("SELECT COALESCE(MAX(number), 0) + 1 FROM names")[0][0])
        self._connection.rows("INSERT INTO names (name, number, documents) VALUES (?, ?, 0)", (name, number))
        return number


class Store(Protocol):
    """One kind of index. Connections are the house's; everything raises ``StorageFault``."""

    def connect(self, *, writes: bool) -> Connection:
        """Open a connection to the index, whether or not it has its tables."""

    def stamp(self) -> object:
        """Return something that changes when the index was replaced by another: connections must be opened anew."""

    def begin(self, connection: Connection) -> None:
        """Open a transaction that writes, and wait until no other indexing process is in one."""

    def has_tables(self, connection: Connection) -> bool:
        """Say whether the index was made."""

    def make(self, connection: Connection) -> None:
        """Make the tables of an empty index."""

    def discard(self) -> None:
        """Throw the whole index away; no connection of the caller is open."""

    def condemn(self) -> None:
        """Let the indexing process know that the index is damaged: for a search that has met it."""

    def put(self, connection: Connection, documents: list[Document], numbers: Numbers) -> None:
        """Add documents whose positions the index does not have."""

    def remove(self, connection: Connection, positions: list[Position]) -> None:
        """Remove the documents at these positions, where there are any."""

    def purge(self, connection: Connection) -> bool:
        """Clear what was removed out of the files beside the index; say whether that could be done now."""

    def matches(self, connection: Connection, wanted: Wanted, low: int, high: int, most: int) -> list[Match]:
        """Return at most so many of what fits within these positions, newest first."""

    def positions(self, connection: Connection, wanted: Wanted, low: int, high: int) -> set[int]:
        """Return where something fits within these positions."""

    def is_damage(self, fault: Exception) -> bool:
        """Say whether a fault tells that the index can no longer be read, so that only a new one helps."""

    def is_lack(self, fault: Exception) -> bool:
        """Say whether a fault tells that tables are not there: not yet, or not any more."""

    def close(self) -> None:
        """Close what the store keeps open for itself."""


def numbers_of(connection: Connection, names: Sequence[str]) -> dict[str, Named]:
    """Return the numbers of those names that have one. Nobody has a name with a NUL, and PostgreSQL takes none."""
    found: dict[str, Named] = {}
    for some in slices([name for name in names if "\x00" not in name], 500):
        marks = ",".join("?" * len(some))
        sql = f"SELECT name, number, documents FROM names WHERE name IN ({marks})"
        found.update((name, Named(number, count)) for name, number, count in connection.rows(sql, tuple(some)))
    return found


def progress_of(connection: Connection) -> tuple[int, Progress] | None:
    """Return the index's version and how far it is; None for one that was just made."""
    rows = connection.rows("SELECT version, position, anchored, anchor FROM progress")
    return (rows[0][0], Progress(*rows[0][1:])) if rows else None


def put_progress(connection: Connection, progress: Progress) -> None:
    """Write down how far the index is."""
    connection.rows("DELETE FROM progress")
    connection.rows(
        "INSERT INTO progress (version, position, anchored, anchor) VALUES (?, ?, ?, ?)",
        (VERSION, progress.position, progress.anchored, progress.anchor),
    )


def edited_by(connection: Connection, sources: list[Position]) -> list[Position]:
    """Return which documents have their text from the edits at these positions."""
    found: list[Position] = []
    for some in slices(sources, 500):
        marks = ",".join("?" * len(some))
        sql = f"SELECT position FROM documents WHERE source <> position AND source IN ({marks})"
        found += [row[0] for row in connection.rows(sql, tuple(some))]
    return found


def rebuild(store: Store) -> None:
    """Give the index a version that no code knows: whoever follows the log with it next makes it anew."""
    connection = store.connect(writes=True)
    try:
        store.begin(connection)
        if store.has_tables(connection):
            connection.rows("UPDATE progress SET version = 0")
        connection.commit()
    finally:
        connection.rollback()
        connection.close()
