"""What was sent and what was acknowledged, held against what a database really holds."""

from collections import Counter
from pathlib import Path

import msgspec

from tests.stage.databases import Place
from veche.storage.engines import Connection, Engine, StorageFault


class Lost(AssertionError):
    """An acknowledged message is missing, changed or doubled."""


class Note(msgspec.Struct, frozen=True):
    """One message that somebody wants to send: the transaction id is unique for its sender's device."""

    sender: str
    txn: str


class Ledger:
    """Notes and their acknowledgements, over all lives of a server."""

    def __init__(self) -> None:
        self.acknowledged: dict[Note, str] = {}
        self._next: Counter[str] = Counter()

    def next_note(self, sender: str) -> Note:
        """Return the first note of ``sender`` that nobody has acknowledged: after a crash it is sent again."""
        return Note(sender, f"{sender}-{self._next[sender]}")

    def acknowledge(self, note: Note, event: str) -> None:
        """Write down that the server said yes."""
        if self.acknowledged.setdefault(note, event) != event:
            raise Lost(f"{note.txn} was acknowledged twice, as {self.acknowledged[note]} and as {event}")
        self._next[note.sender] += 1

    def compare(self, found: list[tuple[str, str]]) -> None:
        """Compare with (transaction id, event id) of every message that is really there; raise ``Lost``."""
        doubled = [txn for txn, count in Counter(txn for txn, _ in found).items() if count > 1]
        if doubled:
            raise Lost(f"stored more than once: {doubled[:5]}")
        stored = dict(found)
        for note, event in self.acknowledged.items():
            if stored.get(note.txn) != event:
                raise Lost(f"{note.txn} was acknowledged as {event}, but {stored.get(note.txn)} is stored")


def stored_notes(engine: Engine) -> list[tuple[str, str]]:
    """Return (body, event id) of every message in a database: a note's body is its transaction id.

    Raises ``Lost`` where the database itself is damaged.
    """
    try:
        connection = engine.connect(writes=False)
        try:
            return _read(connection, engine.name)
        finally:
            connection.close()
    except StorageFault as fault:
        raise Lost(f"the database cannot be read: {fault}") from fault


def notes_at(folder: Path) -> list[tuple[str, str]]:
    """Return what the SQLite database in a data folder holds."""
    engine = Place(folder, "").engine()
    try:
        return stored_notes(engine)
    finally:
        engine.close()


def _read(connection: Connection, engine: str) -> list[tuple[str, str]]:
    if engine == "sqlite" and (found := connection.rows("PRAGMA integrity_check")) != [("ok",)]:
        raise Lost(f"the database is damaged: {found}")
    rows = connection.rows("SELECT json, event_id FROM events WHERE type = 'm.room.message' ORDER BY position")
    head = connection.rows("SELECT position FROM log_head")[0][0]
    newest = connection.rows("SELECT COALESCE(MAX(position), 0) FROM events")[0][0]
    if newest > head:
        raise Lost("an event lies beyond the head of the log")
    return [(msgspec.json.decode(json)["content"]["body"], event) for json, event in rows]
