"""The search index of a server inside the test's process: brought up to date whenever somebody is about to search."""

from tests.stage.databases import Place
from veche.app.engines import engine_at
from veche.storage.search import Indexer, open_store


class Follower:
    """Follows the log on demand, in place of the indexing process."""

    def __init__(self, place: Place) -> None:
        self._engine = engine_at(place.database, place.data)
        self._store = open_store(self._engine, place.data, place.database)
        self._indexer = Indexer(self._engine, self._store)

    def catch_up(self) -> None:
        """Index everything that was acknowledged."""
        while not self._indexer.step()[1]:
            pass

    def close(self) -> None:
        """Close its connections."""
        self._indexer.close()
        self._store.close()
        self._engine.close()
