"""Unread counts that took the evaluation of every single event, so that the next reading goes on from there.

Only members with push rules of their own need them. The database stays the truth.
"""

import threading
from collections import OrderedDict

import msgspec

from veche.domain.ids import Position, RoomId, UserId
from veche.domain.notifications import Totals

MOST = 50_000

Stamp = tuple[object, ...]


class Counted(msgspec.Struct, frozen=True):
    """What (base, until] of a timeline came to under the rules that ``stamp`` names."""

    stamp: Stamp
    base: Position
    until: Position
    totals: Totals


class KnownCounts:
    """Counts by person, room and thread. Used by several readers at once."""

    def __init__(self, most: int = MOST) -> None:
        self._known: OrderedDict[tuple[UserId, RoomId, str], Counted] = OrderedDict()
        self._most = most
        self._lock = threading.Lock()

    def find(self, user: UserId, room: RoomId, thread: str) -> Counted | None:
        """Return what is known of a person's counts in a thread."""
        return self._known.get((user, room, thread))

    def put(self, user: UserId, room: RoomId, thread: str, counted: Counted) -> None:
        """Remember counts; the ones put first are let go when there are too many."""
        with self._lock:
            self._known[user, room, thread] = counted
            self._known.move_to_end((user, room, thread))
            if len(self._known) > self._most:
                self._known.popitem(last=False)
