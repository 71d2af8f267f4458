"""What is known of devices without asking the database: their counts of one-time keys, and which inboxes are empty.

Both are forgotten when a commit changes them; the database stays the truth.
"""

from typing import Generic, TypeVar

from veche.domain.ids import DeviceId, UserId

T = TypeVar("T")

MOST = 50_000


class ByDevice(Generic[T]):
    """Something by device that was read and has not changed since."""

    def __init__(self) -> None:
        self._known: dict[tuple[UserId, DeviceId], T] = {}
        self.generation = 0

    def find(self, user: UserId, device: DeviceId) -> T | None:
        """Return what is known of a device, or None."""
        return self._known.get((user, device))

    def put(self, user: UserId, device: DeviceId, value: T, generation: int) -> None:
        """Remember what was read since ``generation``.

        Where anything changed meanwhile the reading may be older than the change, so it is not kept.
        """
        if generation != self.generation:
            return
        if len(self._known) >= MOST:
            del self._known[next(iter(self._known))]
        self._known[user, device] = value

    def drop(self, user: UserId, device: DeviceId) -> None:
        """Forget a device: what was known of it has changed."""
        self.generation += 1
        self._known.pop((user, device), None)


class KeyCounts(ByDevice[tuple[bytes, bytes]]):
    """``device_one_time_keys_count`` and ``device_unused_fallback_key_types`` of each device, as encoded JSON.

    A sync that finds nothing here notes ``generation``, reads ``queries.sync.keys.counts`` and puts the result.
    """


class EmptyInboxes(ByDevice[bool]):
    """Devices for which no message waits, delivered or not, so that an idle sync asks and writes nothing."""
