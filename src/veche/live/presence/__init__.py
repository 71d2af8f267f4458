"""Presence: who is online, away or busy. Lives in memory; who may see it is not decided here.

A sync only touches the record of its device. Once a second somebody asks who has another status than was told.
"""

from collections import OrderedDict
from collections.abc import Iterable
from heapq import heappop, heappush

from veche.domain.ids import DeviceId, UserId
from veche.domain.presence import GRACE_MS, NOTHING_SAID, OFFLINE, DeviceState, Known, Said, Status
from veche.live.counter import Counter
from veche.live.presence.people import Clock, Device, Person, Shared, Told

__all__ = ["Device", "Person", "Presence", "Shared", "Told"]

POLLS_A_SECOND = 500
"""How many polls a round may wake before the next ones are put off, so that presence never takes up the server."""
_BEFORE = DeviceId("")
"""Stands for the devices of somebody who was active just before the server began: they are on their way back."""


class Presence:
    """The statuses of all people. Used on the loop's thread; ``find`` and the person found by readers too.

    ``acts`` counts how often anybody was active. ``shared`` belongs to whoever composes answers: by count, as long as
    its stamp stands.
    """

    def __init__(
        self, clock: Clock, counter: Counter, idle_ms: int, *, is_on: bool = True, known: Iterable[Known] = ()
    ) -> None:
        self.is_on = is_on
        self._clock = clock
        self._counter = counter
        self._idle_ms = idle_ms
        self._people: dict[UserId, Person] = {}
        self._devices: dict[tuple[UserId, DeviceId], Device] = {}
        self._suspects: set[Person] = set()
        self._due: list[tuple[int, UserId]] = []
        self._told: OrderedDict[UserId, Person] = OrderedDict()
        self._shown: dict[UserId, Person] = {}
        self._active: dict[UserId, int] = {}
        self._rounds_off = 0
        self.acts = 0
        self.shared: tuple[object, dict[int, Shared]] = (None, {})
        if is_on:
            for one in known:
                self._remember(one)

    def touch(self, user: UserId, device: DeviceId, state: str) -> Device | None:
        """Note that a device syncs as ``state`` says; return its record, for as long as the sync waits.

        None where syncing says nothing of its owner: with ``offline``, or where presence is off. A device that is
        busy does not cease to be by syncing.
        """
        if state == "offline" or not self.is_on:
            return None
        found, now = self._devices.get((user, device)), self._clock()
        if found is None or not (found.waiting or now - found.seen < GRACE_MS):
            return self._arrive(user, device, "online" if state == "online" else "unavailable", now)
        found.seen = now
        if found.state != state and found.state != "busy":
            self._shift(found, "online" if state == "online" else "unavailable", now)
        return found

    def act(self, user: UserId, device: DeviceId) -> None:
        """Note that somebody does something on a device; one that does not show its owner leaves no trace."""
        found, now = self._devices.get((user, device)), self._clock()
        if found is None or not found.is_here(now):
            return
        person = found.person
        if found.state == "unavailable":
            found.state = "online"
        if person.told.status.presence != "online":
            self._suspects.add(person)
        self._note(person, now)

    def put(self, user: UserId, device: DeviceId, state: DeviceState | None) -> None:
        """Set what a device says of its owner; None hides it until it syncs again."""
        now = self._clock()
        found = self._devices.get((user, device))
        if state is None:
            if found is not None:
                self._leave(device, found)
            return
        if found is None:
            found = self._arrive(user, device, state, now)
        found.seen = now
        self._shift(found, state, now)

    def say(self, user: UserId, said: Said) -> None:
        """Set what somebody says of themselves."""
        person = self._person(user)
        person.said = said
        self._suspects.add(person)

    def said(self, user: UserId) -> Said:
        """Return what somebody says of themselves."""
        person = self._people.get(user)
        return NOTHING_SAID if person is None else person.said

    def forget(self, user: UserId) -> None:
        """Let go of all that is known of somebody."""
        person = self._people.pop(user, None)
        if person is not None:
            for device in person.devices:
                del self._devices[user, device]
            self._suspects.discard(person)
        self._told.pop(user, None)
        self._shown.pop(user, None)
        self._active.pop(user, None)

    def status(self, user: UserId) -> tuple[Status, int | None]:
        """Return how somebody is doing at this very moment, and when they were last active."""
        person = self._people.get(user)
        if person is None:
            return Status(), None
        return person.status(self._clock(), self._idle_ms), person.last_active

    def changed(self) -> list[UserId]:
        """Return whose status is another than was told; everybody else is no longer suspected. Asked once a second."""
        if self._rounds_off:
            self._rounds_off -= 1
            return []
        now = self._clock()
        while self._due and self._due[0][0] <= now:
            due, user = heappop(self._due)
            person = self._people.get(user)
            if person is not None and person.due == due:
                person.due = None
                self._suspects.add(person)
        self._suspects = {person for person in self._suspects if self._look(person, now) != person.told.status}
        return [person.user for person in self._suspects]

    def tell(self, users: Iterable[UserId]) -> int:
        """Take the statuses of these people for told, as they are now; return the count at which they were."""
        now, count = self._clock(), self._counter.next()
        for user in users:
            person = self._people.get(user)
            if person is None:
                continue
            self._suspects.discard(person)
            status = self._look(person, now)
            if status != person.told.status:
                person.told = Told(status, count)
                self._told[user] = person
                self._told.move_to_end(user)
                self._show(person)
        return count

    def rest(self, woken: int) -> None:
        """Put off the next round where the last one woke very many polls."""
        self._rounds_off = max(0, woken - 1) // POLLS_A_SECOND

    def find(self, user: UserId) -> Person | None:
        """Return what is known of somebody."""
        return self._people.get(user)

    def shown(self) -> list[Person]:
        """Return of whom something else was told than that they are offline."""
        return list(self._shown.values())

    def told_since(self, count: int) -> list[Person]:
        """Return of whom something was told after ``count``, the latest first."""
        people = []
        for person in reversed(self._told.values()):
            if person.told.count <= count:
                break
            people.append(person)
        return people

    def take_active(self, most: int) -> list[tuple[UserId, int]]:
        """Return at most so many people with the moment they were last active, and take them for noted."""
        users = list(self._active)[:most]
        return [(user, self._active.pop(user)) for user in users]

    def _remember(self, known: Known) -> None:
        """Begin with what was kept; whoever was active until just now is expected back for a moment."""
        now, person = self._clock(), Person(known.user, known.said, known.last_active)
        self._people[known.user] = person
        if known.last_active is not None and now - known.last_active < self._idle_ms:
            self._enter(person, _BEFORE, "online")
        person.told = Told(self._look(person, now), 0)
        self._show(person)

    def _show(self, person: Person) -> None:
        if person.told.status == OFFLINE:
            self._shown.pop(person.user, None)
        else:
            self._shown[person.user] = person

    def _person(self, user: UserId) -> Person:
        person = self._people.get(user)
        if person is None:
            person = self._people[user] = Person(user)
        return person

    def _arrive(self, user: UserId, device: DeviceId, state: DeviceState, now: int) -> Device:
        """Whoever comes online is active; another device that merely joins in says nothing about that."""
        person = self._person(user)
        was_here = any(one.is_here(now) for one in person.devices.values())
        if not was_here and state != "unavailable":
            self._note(person, now)
        return self._enter(person, device, state)

    def _enter(self, person: Person, device: DeviceId, state: DeviceState) -> Device:
        found = Device(person, state, self._clock)
        person.devices[device] = self._devices[person.user, device] = found
        self._suspects.add(person)
        return found

    def _leave(self, name: DeviceId, device: Device) -> None:
        del device.person.devices[name]
        del self._devices[device.person.user, name]
        self._suspects.add(device.person)

    def _shift(self, device: Device, state: DeviceState, now: int) -> None:
        """A device that says its owner is back, or busy, says that they are active."""
        person = device.person
        device.state = state
        if state != "unavailable":
            self._note(person, now)
        self._suspects.add(person)

    def _note(self, person: Person, now: int) -> None:
        person.last_active = self._active[person.user] = now
        self.acts += 1

    def _look(self, person: Person, now: int) -> Status:
        """Let go of the devices that have gone, arrange for the next look, and return the status."""
        for name in [name for name, device in person.devices.items() if not device.is_here(now)]:
            del person.devices[name]
            del self._devices[person.user, name]
        due = person.next_look(now, self._idle_ms)
        if due is not None and (person.due is None or due < person.due):
            person.due = due
            heappush(self._due, (due, person.user))
        return person.status(now, self._idle_ms)
