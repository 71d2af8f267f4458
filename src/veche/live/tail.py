"""The tail: the newest entries of the log, as they were committed, bounded in number and bytes."""

from collections import deque

from veche.domain.facts import Entry
from veche.domain.ids import Position
from veche.domain.timeline import Event

MOST_ENTRIES = 20_000
MOST_BYTES = 16 * 2**20


class Tail:
    """Keeps what was told last; whoever begins to listen catches up from here."""

    def __init__(self, head: Position, most_entries: int = MOST_ENTRIES, most_bytes: int = MOST_BYTES) -> None:
        self.head = head
        self._floor = head
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._most_entries = most_entries
        self._most_bytes = most_bytes

    def append(self, entry: Entry) -> None:
        """Add the newest entry and let go of the oldest beyond the bounds."""
        self._entries.append(entry)
        self._bytes += _size(entry)
        self.head = entry.position
        while len(self._entries) > self._most_entries or self._bytes > self._most_bytes:
            oldest = self._entries.popleft()
            self._bytes -= _size(oldest)
            self._floor = oldest.position

    def since(self, position: Position) -> list[Entry] | None:
        """Return all entries after ``position``, or None where the tail no longer reaches back so far."""
        if position < self._floor:
            return None
        newer: list[Entry] = []
        for entry in reversed(self._entries):
            if entry.position <= position:
                break
            newer.append(entry)
        newer.reverse()
        return newer


def _size(entry: Entry) -> int:
    body = entry.fact.body
    if isinstance(body, Event):
        return 200 + len(body.json)
    return 200 + (len(body) if isinstance(body, bytes) else 200)
