"""Who is typing where. Lives in memory; the counter of what lives there tells a reader whether anything changed."""

from collections import OrderedDict
from collections.abc import Callable

from veche.domain.ids import RoomId, UserId
from veche.live.counter import Counter


class Typing:
    """Typing notices by room, each with the millisecond it ends."""

    def __init__(self, clock: Callable[[], int], counter: Counter) -> None:
        self._clock = clock
        self._counter = counter
        self._rooms: dict[RoomId, dict[UserId, int]] = {}
        self._changed: OrderedDict[RoomId, int] = OrderedDict()
        self.newest = 0

    def start(self, room: RoomId, user: UserId, ms: int) -> bool:
        """Note that ``user`` types for the next ``ms``; say whether that is news."""
        users = self._rooms.setdefault(room, {})
        is_news = user not in users
        users[user] = self._clock() + ms
        if is_news:
            self._touch(room)
        return is_news

    def stop(self, room: RoomId, user: UserId) -> bool:
        """Note that ``user`` no longer types; say whether that is news."""
        users = self._rooms.get(room)
        if not users or users.pop(user, None) is None:
            return False
        self._touch(room)
        return True

    def expire(self) -> list[RoomId]:
        """End what has lasted too long; return the rooms that changed."""
        now = self._clock()
        changed = []
        for room, users in list(self._rooms.items()):
            ended = [user for user, until in users.items() if until <= now]
            for user in ended:
                del users[user]
            if ended:
                self._touch(room)
                changed.append(room)
            if not users:
                del self._rooms[room]
        return changed

    def users(self, room: RoomId) -> list[UserId]:
        """Return who types in a room now."""
        return sorted(self._rooms.get(room, ()))

    def changed_at(self, room: RoomId) -> int:
        """Return the count at which a room last changed; 0 for never."""
        return self._changed.get(room, 0)

    def changed_since(self, count: int) -> list[RoomId]:
        """Return the rooms in which typing started or ended after ``count``, the latest first."""
        rooms = []
        for room, changed in reversed(self._changed.items()):
            if changed <= count:
                break
            rooms.append(room)
        return rooms

    def active(self) -> list[RoomId]:
        """Return the rooms in which somebody types now."""
        return [room for room, users in self._rooms.items() if users]

    def _touch(self, room: RoomId) -> None:
        self.newest = self._changed[room] = self._counter.next()
        self._changed.move_to_end(room)
