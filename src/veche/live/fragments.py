"""Encoded parts of answers that several askers share, by kind, room and the positions of their first and last entry."""

from veche.domain.ids import Position, RoomId

Key = tuple[str, RoomId, Position, Position, int]

MOST = 512
MOST_BYTES = 16 * 2**20


class Fragments:
    """Keeps the bytes composed lately; None stands for a part that cannot be shared."""

    def __init__(self) -> None:
        self._kept: dict[Key, bytes | None] = {}
        self._bytes = 0

    def find(self, key: Key) -> tuple[bytes | None] | None:
        """Return what was kept under ``key``, wrapped; None where nothing was."""
        return (self._kept[key],) if key in self._kept else None

    def put(self, key: Key, text: bytes | None) -> None:
        """Keep a part; everything older goes when there are too many."""
        size = len(text) if text is not None else 0
        if len(self._kept) >= MOST or self._bytes + size > MOST_BYTES:
            self._kept.clear()
            self._bytes = 0
        self._kept[key] = text
        self._bytes += size
