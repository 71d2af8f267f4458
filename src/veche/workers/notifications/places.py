"""How far a pusher has come while it is being served, and what of that has to be kept."""

import asyncio
from collections.abc import Iterable

from veche.commands.notifications import Place
from veche.domain.ids import Position
from veche.domain.notifications.pushers import Pusher, PusherKey


class Serving:
    """One pusher that owes something, or did a moment ago; the fields are those of ``Pusher`` where they share a name.

    Everything up to ``place`` was told; ``owes`` says that there may be more. ``is_behind`` is as the database has it:
    such a pusher is found again after a restart by itself. ``attempt`` is the event that was tried last, ``finals``
    how often a gateway refused for good, and ``has_dropped`` says that something was given up for that since it took
    anything.
    """

    __slots__ = (
        *("attempt", "badge", "failing_since_ts", "failures", "finals", "has_dropped", "has_moved", "hurry"),
        *("is_behind", "is_resting", "is_wanted", "key", "owes", "place", "set_ts", "task"),
    )

    def __init__(self, key: PusherKey, place: Position) -> None:
        self.key = key
        self.place = place
        self.attempt = place
        self.badge = 0
        self.is_behind = False
        self.failing_since_ts: int | None = None
        self.failures = 0
        self.finals = 0
        self.set_ts = -1
        self.task: asyncio.Task[None] | None = None
        self.hurry = asyncio.Event()
        self.owes = self.is_wanted = self.is_resting = self.has_moved = self.has_dropped = False

    def learn(self, pusher: Pusher) -> None:
        """Take over what the database knows: at first, and when the pusher was set again."""
        if self.set_ts == pusher.set_ts:
            return
        self.set_ts, self.badge, self.is_behind = pusher.set_ts, pusher.badge, pusher.is_behind
        self.place = max(self.place, pusher.position)
        self.failing_since_ts = pusher.failing_since_ts
        self.failures = self.finals = 0
        self.has_dropped = False

    def as_kept(self, disabled_ts: int | None = None) -> Place:
        """Return the row's new values; who owes nothing any more is not behind."""
        return Place(self.key, self.place, self.badge, self.is_behind and self.owes, self.failing_since_ts, disabled_ts)


def floor_of(serving: Iterable[Serving], badges: Iterable[Position], seen: Position) -> Position:
    """Return up to where everybody who is not behind has had everything."""
    open_places = [one.place for one in serving if one.owes and not one.is_behind]
    return min([seen, *open_places, *(Position(position - 1) for position in badges)])
