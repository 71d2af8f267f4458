"""People and their devices as presence knows them. What is made of it for others stands in ``domain/presence.py``."""

from collections.abc import Callable

import msgspec

from veche.domain.ids import DeviceId, RoomId, UserId
from veche.domain.presence import GRACE_MS, NOTHING_SAID, OFFLINE, DeviceState, Said, Status, status_of

Clock = Callable[[], int]


class Told(msgspec.Struct, frozen=True):
    """A status that was told, and the count at which it was."""

    status: Status
    count: int


NOTHING_TOLD = Told(OFFLINE, 0)


class Device:
    """A device that syncs: what it says of its owner, when it was heard of last, and how many of its polls wait."""

    __slots__ = ("_clock", "person", "seen", "state", "waiting")

    def __init__(self, person: "Person", state: DeviceState, clock: Clock) -> None:
        self._clock = clock
        self.person = person
        self.state = state
        self.seen = clock()
        self.waiting = 0

    def begin_to_wait(self) -> None:
        """Note that one of its polls waits."""
        self.waiting += 1

    def end_waiting(self) -> None:
        """Note that a poll no longer waits."""
        self.waiting -= 1
        self.seen = self._clock()

    def is_here(self, now: int) -> bool:
        """Say whether it waits, or did not long ago."""
        return self.waiting > 0 or now - self.seen < GRACE_MS


class Shared(msgspec.Struct, frozen=True):
    """What is told of these people, encoded, for everybody who is in one of the rooms that all of them are in."""

    users: frozenset[UserId]
    rooms: frozenset[RoomId]
    text: bytes


class Person:
    """Somebody of whom something is known.

    ``told`` is what others were told last; ``due`` is when to look again, if ever. ``text`` belongs to whoever
    composes answers.
    """

    __slots__ = ("devices", "due", "last_active", "said", "text", "told", "user")

    def __init__(self, user: UserId, said: Said = NOTHING_SAID, last_active: int | None = None) -> None:
        self.user = user
        self.said = said
        self.last_active = last_active
        self.devices: dict[DeviceId, Device] = {}
        self.told = NOTHING_TOLD
        self.due: int | None = None
        self.text: tuple[object, bytes] = (None, b"")

    def status(self, now: int, idle_ms: int) -> Status:
        """Return how this person is doing now."""
        states = [device.state for device in self.devices.values() if device.is_here(now)]
        return status_of(self.said, states, self.last_active, now, idle_ms)

    def next_look(self, now: int, idle_ms: int) -> int | None:
        """Return when the status may change by itself; None for never."""
        moments = [now + GRACE_MS if device.waiting else device.seen + GRACE_MS for device in self.devices.values()]
        if moments and self.last_active is not None and now - self.last_active < idle_ms:
            moments.append(self.last_active + idle_ms)
        if self.said.busy_until is not None and self.said.is_busy(now):
            moments.append(self.said.busy_until)
        return min(moments, default=None)
