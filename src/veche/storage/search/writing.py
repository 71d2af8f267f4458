"""Writing the index: one part of the log after the other, each in a transaction that moves the index's own cursor.

Whatever happens on the way, index and cursor agree; what is lost or strange is made anew.
"""

import contextlib
import logging
import math
from collections.abc import Callable
from typing import TypeVar

from veche.domain.ids import Position
from veche.storage.engines import Connection, Engine, StorageFault
from veche.storage.reader import Snapshot
from veche.storage.search.following import News, documents_at, is_anchored, news
from veche.storage.search.records import BEGINNING, Document, Progress
from veche.storage.search.store import ALL, VERSION, Numbers, Store, edited_by, progress_of, put_progress

PART = 1_000
"""Events of one transaction: a tenth of a second of work."""
_log = logging.getLogger("veche.search")
T = TypeVar("T")


class SourceFault(StorageFault):
    """The database that is followed cannot be read; another index would not help."""


class Indexer:
    """Follows the log of one database with one index. Used by one thread."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self._engine = engine
        self._store = store
        self._source: Connection | None = None
        self._target: Connection | None = None
        self._stamp: object = None
        self._is_pure = False

    def step(self) -> tuple[Position, bool]:
        """Index the next part; return how far the index is, and whether that is all there is for now.

        Raises ``StorageFault`` where one of the databases cannot be used; the next call tries again.
        """
        try:
            try:
                return self._step()
            except SourceFault:
                raise
            except Exception as fault:
                if not (self._store.is_damage(fault) or self._store.is_lack(fault)):
                    raise
                _log.warning("the search index is damaged and is made anew: %s", fault)
                self._discard()
                return self._step()
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        """Close the connections; a later step opens them again."""
        for connection in (self._source, self._target):
            if connection is not None:
                with contextlib.suppress(StorageFault):
                    connection.close()
        self._source = self._target = None

    def _step(self) -> tuple[Position, bool]:
        while (found := self._followed()) is None:
            self._discard()
        if found.is_all and not self._is_pure and self._target is not None:
            self._is_pure = self._store.purge(self._target)
        return found.until.position, found.is_all

    def _followed(self) -> News | None:
        """Index the next part in one transaction; None where the index is of no use."""
        target = self._opened()
        self._store.begin(target)
        try:
            progress = self._progress(target)
            if progress is None:
                return None
            found = self._follow(target, progress)
            target.commit()
            return found
        finally:
            target.rollback()

    def _opened(self) -> Connection:
        """Return a connection to the index, made where it is missing; somebody may have removed it meanwhile."""
        if self._target is not None and self._store.stamp() != self._stamp:
            _log.warning("the search index is gone and is made anew")
            self._discard()
        if self._target is None:
            self._target = self._store.connect(writes=True)
            self._stamp = self._store.stamp()
        return self._target

    def _progress(self, target: Connection) -> Progress | None:
        """Return how far the index is; None where it is of no use for this database."""
        if not self._store.has_tables(target):
            self._store.make(target)
            return BEGINNING
        known = progress_of(target)
        if known is None:
            return BEGINNING
        version, progress = known
        if version != VERSION:
            _log.warning("the search index is made anew, as was asked for or as a newer version needs it")
            return None
        if not self._read(lambda at: is_anchored(at, progress)):
            _log.warning("the search index is of another database, or newer than this one, and is made anew")
            return None
        return progress

    def _follow(self, target: Connection, progress: Progress) -> News:
        """Read the next part and write it. What was changed is read in a later moment, yet as of the part's end: what
        happens to it after that is told by the next part.
        """
        found = self._read(lambda at: news(at, progress, PART))
        changed = found.edited | found.redacted | set(edited_by(target, sorted(found.redacted)))
        documents = {position: one for position, one in found.fresh.items() if position not in changed}
        if changed:
            anew = self._read(lambda at: documents_at(at, sorted(changed), found.until.position))
            documents.update(_by_position(anew))
        if old := sorted(position for position in changed if position <= progress.position):
            self._store.remove(target, old)
            self._is_pure = False
        self._put(target, found, [documents[position] for position in sorted(documents)])
        if documents or changed or found.until != progress:
            put_progress(target, found.until)
        return found

    def _put(self, target: Connection, found: News, documents: list[Document]) -> None:
        numbers = Numbers(target)
        numbers.look_up({ALL, *(name for one in documents for name in (one.room, one.sender))})
        self._store.put(target, documents, numbers)
        for document in found.fresh.values():
            numbers.count(document.room)
        numbers.keep_counts()

    def _read(self, read: Callable[[Snapshot], T]) -> T:
        """Read the database. Whatever goes wrong there is a ``SourceFault``, and so not taken for the index's."""
        try:
            self._source = self._source or self._engine.connect(writes=False)
            try:
                self._source.begin_read()
                return read(Snapshot(self._source, math.inf))
            finally:
                self._source.rollback()
        except Exception as fault:
            raise SourceFault(f"the database cannot be followed: {type(fault).__name__}: {fault}") from fault

    def _discard(self) -> None:
        self.close()
        self._store.discard()


def _by_position(documents: list[Document]) -> dict[Position, Document]:
    return {document.position: document for document in documents}
