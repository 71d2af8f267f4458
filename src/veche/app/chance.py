"""Random bytes from the operating system, drawn many at a time.

Asking for each event's sixteen bytes lets go of the interpreter lock, and waiting to get it back from the writer costs
the loop more than encoding the event does.
"""

import os
from collections import deque

_PIECE = 16
_PIECES_AT_ONCE = 512


class Chance:
    """Hands out random bytes, each once: a piece leaves the queue in one step, on whichever thread it is asked for."""

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()

    def __call__(self, size: int) -> bytes:
        """Return ``size`` random bytes."""
        return b"".join([self._piece() for _ in range(-(-size // _PIECE))])[:size]

    def _piece(self) -> bytes:
        while True:
            try:
                return self._pieces.popleft()
            except IndexError:
                drawn = os.urandom(_PIECE * _PIECES_AT_ONCE)
                self._pieces.extend(drawn[at : at + _PIECE] for at in range(0, len(drawn), _PIECE))
