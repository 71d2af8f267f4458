"""Who has pushers to gateways, and in which rooms those people are: events that concern nobody must cost nothing.

The database stays the truth. Used on the loop only.
"""

from collections.abc import Callable, Iterable

from veche.domain.ids import RoomId, UserId
from veche.domain.notifications.pushers import PusherKey

Changed = Callable[[PusherKey], None]


class Sending:
    """What became of pushes since the start, for whoever watches the server."""

    __slots__ = ("delivered", "dropped", "failed", "rejected")

    def __init__(self) -> None:
        self.delivered = 0
        self.failed = 0
        self.dropped = 0
        self.rejected = 0


class KnownPushers:
    """Pushers by their owner, and the owners among each room's members. ``waiting`` pushers have something to send."""

    def __init__(self) -> None:
        self._of: dict[UserId, dict[PusherKey, str]] = {}
        self._in: dict[RoomId, set[UserId]] = {}
        self._rooms: dict[UserId, set[RoomId]] = {}
        self._changed: Changed = _ignore
        self.sending = Sending()
        self.waiting = 0

    def tell_changes(self, changed: Changed) -> None:
        """Call ``changed`` with each pusher that is set from now on."""
        self._changed = changed

    def put(self, key: PusherKey, url: str, rooms: Iterable[RoomId]) -> None:
        """Add a pusher, or one that was set anew; ``rooms`` are those its owner is joined to."""
        self._of.setdefault(key.user_id, {})[key] = url
        for room in rooms:
            self.join(key.user_id, room)
        self._changed(key)

    def remove(self, key: PusherKey) -> None:
        """Forget a pusher."""
        left = self._of.get(key.user_id)
        if left is None:
            return
        left.pop(key, None)
        if not left:
            del self._of[key.user_id]
            for room in list(self._rooms.get(key.user_id, ())):
                self.leave(key.user_id, room)

    def of(self, user: UserId) -> frozenset[PusherKey]:
        """Return somebody's pushers."""
        return frozenset(self._of.get(user, ()))

    def url_of(self, key: PusherKey) -> str:
        """Return the gateway of a pusher as its client wrote it; empty for one that is gone."""
        return self._of.get(key.user_id, {}).get(key, "")

    def has(self, user: UserId) -> bool:
        """Say whether somebody has pushers."""
        return user in self._of

    def inside(self, room: RoomId) -> frozenset[UserId]:
        """Return the members of a room who have pushers."""
        users = self._in.get(room)
        return frozenset(users) if users else _NOBODY

    def join(self, user: UserId, room: RoomId) -> None:
        """Note that somebody is joined to a room; those without pushers are passed over."""
        if user in self._of:
            self._in.setdefault(room, set()).add(user)
            self._rooms.setdefault(user, set()).add(room)

    def leave(self, user: UserId, room: RoomId) -> None:
        """Note that somebody is no longer joined to a room."""
        users, rooms = self._in.get(room), self._rooms.get(user)
        if users is None or rooms is None or user not in users:
            return
        users.discard(user)
        rooms.discard(room)
        if not users:
            del self._in[room]
        if not rooms:
            del self._rooms[user]


_NOBODY: frozenset[UserId] = frozenset()


def _ignore(key: PusherKey) -> None:
    """Nobody wants to know of changes yet."""
