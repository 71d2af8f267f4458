"""The index in SQLite: FTS5 in a file of its own beside the database, made anew where it is lost or damaged."""

import contextlib
from collections.abc import Iterable
from pathlib import Path

import apsw
import msgspec

from veche.domain.ids import Position
from veche.storage.engines import Connection, StorageFault
from veche.storage.engines.sqlite import SqliteEngine
from veche.storage.search.analysis import Text, analysed
from veche.storage.search.records import Clause, Document, Match, Wanted, among, marks_for, marks_of
from veche.storage.search.store import DOCUMENTS, LEDGER, Numbers

FILE = "search.sqlite3"
_LACKS = ("no such table", "no such column", "has no column named", "vtable constructor failed")
_SIDE_FILES = ("", "-wal", "-shm")
_PATIENCE = 10_000  # milliseconds
_FOUND = (
    # What is taken out must be told word for word, and then leaves the file at once: marking it as deleted would be
    # quicker, but the words would stay until their segment is merged.
    "CREATE VIRTUAL TABLE found USING fts5(words, marks, content='', tokenize='ascii', prefix='3 4')"
)
_SETTINGS = (
    "INSERT INTO found (found, rank) VALUES ('hashsize', 4000000)",
    "INSERT INTO found (found, rank) VALUES ('secure-delete', 1)",
)
_TEXTS = "CREATE TABLE texts (position INTEGER PRIMARY KEY, kind TEXT NOT NULL, text TEXT NOT NULL)"
# All rows come as one: the interpreter's lock is given up and fought for again at every row that SQLite returns.
_AS_ONE = (
    "SELECT json_group_array(json_array(position, room, sender, source, length, has_url)) FROM ({matches}{among}"
    " ORDER BY f.rowid DESC LIMIT ?)"
)
_MATCHES = (
    "SELECT d.position, d.room, d.sender, d.source, d.length, d.has_url FROM found f"
    " CROSS JOIN documents d ON d.position = f.rowid"
    " WHERE f.found MATCH ? AND f.rowid >= ? AND f.rowid <= ?"
)
_POSITIONS = "SELECT json_group_array(rowid) FROM found WHERE found MATCH ? AND rowid >= ? AND rowid <= ?"
_VOCABULARY = "CREATE TABLE vocabulary (word TEXT PRIMARY KEY) WITHOUT ROWID"
_BEGUN = "SELECT word FROM vocabulary WHERE word >= ? AND word < ? LIMIT ?"
_MOST_BEGUN = 100
_AFTER_ALL = "\U0010ffff"
_WORDS_KNOWN = 100_000
_PUT = "INSERT INTO found (rowid, words, marks) VALUES (?, ?, ?)"
_TAKE = "INSERT INTO found (found, rowid, words, marks) VALUES ('delete', ?, ?, ?)"
_TEXT = "INSERT INTO texts (position, kind, text) VALUES (?, ?, ?)"
_TAKEN = (
    "SELECT d.room, d.sender, d.has_url, t.kind, t.text FROM documents d JOIN texts t ON t.position = d.position"
    " WHERE d.position = ?"
)
_DOCUMENT = "INSERT INTO documents (position, room, sender, source, length, has_url) VALUES (?, ?, ?, ?, ?, ?)"


class SqliteStore:
    """The file, as the indexing process writes it and searches read it."""

    def __init__(self, data: Path) -> None:
        self.path = data / FILE
        self._engine = SqliteEngine(self.path)
        self._known: set[str] = set()

    def connect(self, *, writes: bool) -> Connection:
        if not writes and self.stamp() is None:
            raise StorageFault("there is no index yet")
        connection = self._engine.connect(writes=writes)
        connection.rows("PRAGMA synchronous = NORMAL")  # what a power cut takes is indexed again
        if writes:
            self._known.clear()  # what was known may have been undone with a transaction
            connection.rows("PRAGMA wal_autocheckpoint = 1000")
            connection.rows("PRAGMA secure_delete = ON")
        return connection

    def stamp(self) -> object:
        with contextlib.suppress(FileNotFoundError):
            found = self.path.stat()
            if found.st_size:  # an emptied file is none: what its connections still hold together would lock others out
                return found.st_dev, found.st_ino
        return None

    def begin(self, connection: Connection) -> None:
        connection.begin_write()

    def has_tables(self, connection: Connection) -> bool:
        return bool(connection.rows("SELECT 1 FROM sqlite_schema WHERE name = 'progress'"))

    def make(self, connection: Connection) -> None:
        for statement in (
            *self._engine.script(LEDGER),
            *self._engine.script(DOCUMENTS),
            _TEXTS,
            _VOCABULARY,
            _FOUND,
            *_SETTINGS,
        ):
            connection.rows(statement)

    def discard(self) -> None:
        for suffix in _SIDE_FILES:
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)

    def condemn(self) -> None:
        self.path.unlink(missing_ok=True)

    def put(self, connection: Connection, documents: list[Document], numbers: Numbers) -> None:
        for one in documents:
            room, sender = numbers.of(one.room), numbers.of(one.sender)
            marks = marks_for(room, sender, one.kind, has_url=one.has_url)
            connection.rows(_PUT, (one.position, *_columns(one.text, marks)))
            connection.rows(_TEXT, (one.position, one.kind, one.text.whole))
            connection.rows(_DOCUMENT, (one.position, room, sender, one.source, len(one.text.words), int(one.has_url)))
        self._learn(connection, {word for one in documents for word in (*one.text.words, *one.text.stems)})

    def remove(self, connection: Connection, positions: list[Position]) -> None:
        words: set[str] = set()
        for position in positions:
            for room, sender, has_url, kind, whole in connection.rows(_TAKEN, (position,)):
                text = analysed(whole)
                marks = marks_for(room, sender, kind, has_url=bool(has_url))
                connection.rows(_TAKE, (position, *_columns(text, marks)))
                words.update(text.words, text.stems)
            connection.rows("DELETE FROM texts WHERE position = ?", (position,))
            connection.rows("DELETE FROM documents WHERE position = ?", (position,))
        self._unlearn(connection, words)

    def purge(self, connection: Connection) -> bool:
        connection.rows("PRAGMA busy_timeout = 0")  # somebody searches: that is not waited for, but tried again
        try:
            busy, _, _ = connection.rows("PRAGMA wal_checkpoint(TRUNCATE)")[0]
        finally:
            connection.rows(f"PRAGMA busy_timeout = {_PATIENCE}")
        return not busy

    def matches(self, connection: Connection, wanted: Wanted, low: int, high: int, most: int) -> list[Match]:
        query = _query(connection, wanted)
        sql = _AS_ONE.format(matches=_MATCHES, among=among(wanted))
        found = _matches.decode(connection.rows(sql, (query, low, high, most))[0][0])
        return sorted(found, key=_position, reverse=True)

    def positions(self, connection: Connection, wanted: Wanted, low: int, high: int) -> set[int]:
        return _numbers.decode(connection.rows(_POSITIONS, (_query(connection, wanted), low, high))[0][0])

    def is_damage(self, fault: Exception) -> bool:
        cause = fault.__cause__ if isinstance(fault, StorageFault) else fault
        return isinstance(cause, apsw.CorruptError | apsw.NotADBError)

    def is_lack(self, fault: Exception) -> bool:
        return isinstance(fault, apsw.SQLError) and any(lack in str(fault) for lack in _LACKS)

    def close(self) -> None:
        self._engine.close()

    def _learn(self, connection: Connection, words: set[str]) -> None:
        """Add to the vocabulary what is new."""
        new = sorted(words - self._known)
        for word in new:
            connection.rows("INSERT INTO vocabulary (word) VALUES (?) ON CONFLICT DO NOTHING", (word,))
        if len(self._known) > _WORDS_KNOWN:
            self._known.clear()
        self._known.update(new)

    def _unlearn(self, connection: Connection, words: set[str]) -> None:
        """Take those words out of the vocabulary that stand nowhere any more."""
        for word in sorted(words):
            if not connection.rows("SELECT rowid FROM found WHERE found MATCH ? LIMIT 1", (f'"{word}"',)):
                connection.rows("DELETE FROM vocabulary WHERE word = ?", (word,))
                self._known.discard(word)


_matches = msgspec.json.Decoder(list[Match], strict=False)
_numbers = msgspec.json.Decoder(set[int])


def _columns(text: Text, marks: list[str]) -> tuple[str, str]:
    """Return what FTS5 indexes of a document, and what it must be told again to forget it."""
    return " ".join(text.words), " ".join((*text.stems, *marks))


def _position(match: Match) -> int:
    return match.position


def _query(connection: Connection, wanted: Wanted) -> str:
    """Return the question in FTS5's language. Every word is quoted, and has neither quotes nor operators in it."""
    clauses = [_clause(connection, clause) for clause in wanted.clauses]
    marks = [_any(f'"{mark}"' for mark in some) for some in marks_of(wanted)]
    return " AND ".join((*clauses, *marks))


def _clause(connection: Connection, clause: Clause) -> str:
    if clause.phrase:
        return f'words : "{" ".join(clause.phrase)}"'
    begun = _begun(connection, clause.prefix) if clause.prefix else []
    return _any((*begun, *(f'"{token}"' for token in clause.tokens)))


def _begun(connection: Connection, prefix: str) -> list[str]:
    """Return what stands for all words that begin so. FTS5 reads each of them to the end before it answers; words that
    are named are read as far as they are needed.
    """
    words = connection.rows(_BEGUN, (prefix, prefix + _AFTER_ALL, _MOST_BEGUN + 1))
    return [f'"{word}"' for (word,) in words] if 0 < len(words) <= _MOST_BEGUN else [f'"{prefix}" *']


def _any(parts: Iterable[str]) -> str:
    return f"({' OR '.join(parts)})"
