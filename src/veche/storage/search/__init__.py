"""Search: the index, which is no part of the database. Following the log, writing and reading stand in their files."""

from pathlib import Path

from veche.storage.engines import Engine
from veche.storage.search.analysis import forms_of
from veche.storage.search.reading import SearchIndex
from veche.storage.search.records import Match, Wanted, adjacent_clauses, clauses_of, exact_clauses
from veche.storage.search.store import ALL, Named, Store, rebuild
from veche.storage.search.writing import Indexer

__all__ = [
    "ALL",
    "Indexer",
    "Match",
    "Named",
    "SearchIndex",
    "Store",
    "Wanted",
    "adjacent_clauses",
    "clauses_of",
    "exact_clauses",
    "forms_of",
    "open_store",
    "rebuild",
]


def open_store(engine: Engine, data: Path, database: str) -> Store:
    """Return the index that belongs to a database: beside it in the data folder, or at its address."""
    if engine.name == "postgres":
        from veche.storage.search.postgres import PostgresStore

        return PostgresStore(database)
    from veche.storage.search.sqlite import SqliteStore

    return SqliteStore(data)
