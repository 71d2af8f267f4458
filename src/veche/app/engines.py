"""The database that an address names. Light to import: the indexing process needs ``logs`` beside it and nothing else
of this floor.
"""

from pathlib import Path

from veche.storage.engines import Engine


def engine_at(database: str, data: Path) -> Engine:
    """Return the engine of PostgreSQL at this address, or of the SQLite file in the data folder where it is empty.

    A driver is loaded only when it is needed.
    """
    if database:
        from veche.storage.engines.postgres import PostgresEngine

        return PostgresEngine(database)
    from veche.storage.engines.sqlite import SqliteEngine

    return SqliteEngine(data / "veche.sqlite3")
