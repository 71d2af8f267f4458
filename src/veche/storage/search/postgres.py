"""The index in PostgreSQL: a schema of its own, tsvectors made of the same words and stems, one GIN index.

A backup copies the house's own schema only, so it does not hold the index.
"""

from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from veche.domain.ids import Position
from veche.storage.engines import Connection, Row
from veche.storage.engines.postgres import PostgresEngine
from veche.storage.rows import slices
from veche.storage.search.records import Clause, Document, Match, Wanted, among, marks_for, marks_of
from veche.storage.search.store import DOCUMENTS, LEDGER, Numbers

SCHEMA = "veche_search"
_LOCK = 0x736561726368  # "search": not the lock of those who write messages
# Compiling a question takes longer than answering it; and the index is mostly in memory.
_OPTIONS = f"-csearch_path={SCHEMA} -cjit=off -crandom_page_cost=1.1"
_FIRST_ANALYSIS = 1_000
_LAST_PLACE = 16_383  # as far as a tsvector counts; hardly any text is so long
_FOUND = (
    "ALTER TABLE documents ADD COLUMN tokens tsvector NOT NULL",
    "CREATE INDEX documents_found ON documents USING GIN (tokens) WITH (fastupdate = off)",
    # Which words are common decides between walking back and looking up, so it is to be known well.
    "ALTER TABLE documents ALTER COLUMN tokens SET STATISTICS 1000",
)
_MATCHES = (
    "SELECT position, room, sender, source, length, has_url FROM documents"
    " WHERE tokens @@ CAST(? AS tsquery) AND position >= ? AND position <= ?"
)
_NEWEST = " ORDER BY position DESC LIMIT ?"
_POSITIONS = "SELECT position FROM documents WHERE tokens @@ CAST(? AS tsquery) AND position >= ? AND position <= ?"
_DOCUMENT = "INSERT INTO documents (position, room, sender, source, length, has_url, tokens) VALUES "
_VALUES = "(?, ?, ?, ?, ?, ?, CAST(? AS tsvector))"
_PUT_AT_ONCE = 50


class PostgresStore:
    """The schema, as the indexing process writes it and searches read it."""

    def __init__(self, url: str) -> None:
        options = f"{conninfo_to_dict(url).get('options') or ''} {_OPTIONS}"
        self._engine = PostgresEngine(make_conninfo(url, options=options.strip()))
        self._added, self._next_analysis = 0, _FIRST_ANALYSIS

    def connect(self, *, writes: bool) -> Connection:
        connection = self._engine.connect(writes=writes)
        if writes:
            connection.rows("SET synchronous_commit = off")  # what a power cut takes is indexed again
        return connection

    def stamp(self) -> object:
        return SCHEMA

    def begin(self, connection: Connection) -> None:
        connection.rows("BEGIN")
        connection.rows(f"SELECT pg_advisory_xact_lock({_LOCK})")

    def has_tables(self, connection: Connection) -> bool:
        return bool(connection.rows(f"SELECT 1 WHERE to_regclass('{SCHEMA}.progress') IS NOT NULL"))

    def make(self, connection: Connection) -> None:
        connection.rows(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        for statement in (*self._engine.script(LEDGER), *self._engine.script(DOCUMENTS), *_FOUND):
            connection.rows(statement)

    def discard(self) -> None:
        connection = self._engine.connect(writes=True)
        try:
            connection.rows(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        finally:
            connection.close()

    def condemn(self) -> None:
        """PostgreSQL looks after its own files."""

    def put(self, connection: Connection, documents: list[Document], numbers: Numbers) -> None:
        for some in slices(documents, _PUT_AT_ONCE):
            values = [value for one in some for value in _row(one, numbers)]
            connection.rows(_DOCUMENT + ", ".join([_VALUES] * len(some)), tuple(values))
        self._added += len(documents)
        if self._added >= self._next_analysis:
            connection.rows("ANALYZE documents")
            self._next_analysis = 2 * self._added

    def remove(self, connection: Connection, positions: list[Position]) -> None:
        for some in slices(positions, 500):
            marks = ",".join("?" * len(some))
            connection.rows(f"DELETE FROM documents WHERE position IN ({marks})", tuple(some))

    def purge(self, connection: Connection) -> bool:
        return True  # PostgreSQL's own vacuum does that

    def matches(self, connection: Connection, wanted: Wanted, low: int, high: int, most: int) -> list[Match]:
        found = connection.rows(f"{_MATCHES}{among(wanted)}{_NEWEST}", (_query(wanted), low, high, most))
        return [_match(row) for row in found]

    def positions(self, connection: Connection, wanted: Wanted, low: int, high: int) -> set[int]:
        return {row[0] for row in connection.rows(_POSITIONS, (_query(wanted), low, high))}

    def is_damage(self, fault: Exception) -> bool:
        return False

    def is_lack(self, fault: Exception) -> bool:
        return isinstance(fault, errors.UndefinedTable | errors.UndefinedColumn)

    def close(self) -> None:
        self._engine.close()


def _match(row: Row) -> Match:
    return Match(row[0], row[1], row[2], row[3], row[4], bool(row[5]))


def _row(one: Document, numbers: Numbers) -> Row:
    room, sender = numbers.of(one.room), numbers.of(one.sender)
    marks = marks_for(room, sender, one.kind, has_url=one.has_url)
    tokens = _vector(one.text.words, (*one.text.stems, *marks))
    return one.position, room, sender, one.source, len(one.text.words), int(one.has_url), tokens


def _vector(words: tuple[str, ...], others: tuple[str, ...]) -> str:
    """Return a tsvector: words with their places and the weight A, stems and marks with the weight D and no place that
    matters. Without a place they would have every weight.
    """
    places: dict[str, list[str]] = {}
    for place, word in enumerate(words, 1):
        places.setdefault(word, []).append(f"{min(place, _LAST_PLACE)}A")
    return " ".join(
        (*(f"'{word}':{','.join(some)}" for word, some in places.items()), *(f"'{one}':1" for one in others))
    )


def _query(wanted: Wanted) -> str:
    """Return the question in PostgreSQL's language. Every word is quoted, and has neither quotes nor backslashes."""
    clauses = [_clause(clause) for clause in wanted.clauses]
    marks = [_any([f"'{mark}'" for mark in some]) for some in marks_of(wanted)]
    return " & ".join((*clauses, *marks))


def _clause(clause: Clause) -> str:
    if clause.phrase:
        return f"({' <-> '.join([_as_typed(word) for word in clause.phrase])})"
    prefix = [f"'{clause.prefix}':*"] if clause.prefix else []
    return _any([*prefix, *(f"'{token}'" for token in clause.tokens)])


def _as_typed(word: str) -> str:
    return f"'{word}':A"


def _any(parts: list[str]) -> str:
    return f"({' | '.join(parts)})"
