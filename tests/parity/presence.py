"""What is true of presence, worked out without the code under test: who is here, who was told what, who must hear it.

Time stands still in these stories but when somebody lets it pass, so everything is exact.
"""

from typing import Any

import msgspec

from tests.parity.client import Differs
from tests.parity.truth import Joined, passes

GRACE, IDLE = 45_000, 300_000
Content = dict[str, Any]
Filter = dict[str, Any]


class Device:
    """What a device said last, when it was heard of last, and whether it waits."""

    def __init__(self, state: str, now: int) -> None:
        self.state = state
        self.seen = now
        self.waits = False

    def is_here(self, now: int) -> bool:
        """Say whether it still counts."""
        return self.waits or now < self.seen + GRACE


class Human:
    """Somebody with devices, words and a last deed. ``told`` is what others were told, at the round ``told_at``."""

    def __init__(self) -> None:
        self.devices: dict[str, Device] = {}
        self.text: str | None = None
        self.is_busy = False
        self.until: int | None = None
        self.last_active: int | None = None
        self.told: Content = {"presence": "offline"}
        self.told_at = 0

    def sync(self, name: str, state: str, now: int) -> None:
        """One of their devices syncs."""
        if state == "offline":
            return
        device = self._here(now).get(name)
        if device is None:
            self._enter(name, state, now)
            return
        device.seen = now
        if device.state not in (state, "busy"):
            device.state = state
            if state == "online":
                self.last_active = now

    def put(self, name: str, state: str, now: int) -> None:
        """They set what a device says."""
        if state == "offline":
            self.devices.pop(name, None)
            return
        if name not in self._here(now):
            self._enter(name, state, now)
        self.devices[name].seen = now
        self.devices[name].state = state
        if state != "unavailable":
            self.last_active = now

    def act(self, name: str, now: int) -> None:
        """They do something on a device."""
        device = self._here(now).get(name)
        if device is not None:
            device.state = "online" if device.state == "unavailable" else device.state
            self.last_active = now

    def content(self, now: int) -> Content:
        """How they are doing now, without the age of their last deed."""
        states = [device.state for device in self._here(now).values()]
        dnd = self.is_busy and (self.until is None or now < self.until)
        active = self.last_active is not None and now < self.last_active + IDLE
        found: Content = {"presence": "unavailable" if states else "offline"}
        if dnd or "busy" in states:
            found["org.veche.busy"] = True
        elif "online" in states and active:
            found |= {"presence": "online", "currently_active": True}
        if dnd and self.until is not None:
            found["org.veche.until"] = self.until
        if self.text is not None:
            found["status_msg"] = self.text
        return found

    def shown(self, now: int) -> Content:
        """What is told of them to whoever is told now."""
        if self.last_active is None:
            return self.told
        return {**self.told, "last_active_ago": max(0, now // 1000 * 1000 - self.last_active)}

    def restart(self, noted: int | None, now: int) -> None:
        """The server begins anew, and remembers of their deeds what had been noted."""
        self.last_active, self.told_at = noted, 0
        self.devices = {}
        if noted is not None and now < noted + IDLE:
            self.devices["before"] = Device("online", now)
        self.told = self.content(now)

    def _here(self, now: int) -> dict[str, Device]:
        return {name: device for name, device in self.devices.items() if device.is_here(now)}

    def _enter(self, name: str, state: str, now: int) -> None:
        if state != "unavailable" and not self._here(now):
            self.last_active = now
        self.devices[name] = Device(state, now)


class Viewer(msgspec.Struct):
    """A client as far as presence goes. ``boot`` 0 is that of a client without a token."""

    user: str
    filter: Filter
    token: str | None = None
    boot: int = 0
    round: int = 0
    moment: int = 0
    held: dict[str, Content] = {}

    def take(self, told: dict[str, Content]) -> None:
        """Hold what was told, without the ages."""
        for user, content in told.items():
            self.held[user] = {name: value for name, value in content.items() if name != "last_active_ago"}


class Society:
    """All people of a story, and what they must be told of one another."""

    def __init__(self, users: list[str]) -> None:
        self.people = {user: Human() for user in users}
        self.moments: list[Joined] = [frozenset()]
        self.ignored: dict[str, set[str]] = {user: set() for user in users}
        self.round = 1
        self.boot = 1

    def tell(self, now: int) -> None:
        """A round: what is news is told from now on."""
        self.round += 1
        for human in self.people.values():
            content = human.content(now)
            if content != human.told:
                human.told, human.told_at = content, self.round

    def restart(self, noted: dict[str, int | None], now: int) -> None:
        """The server begins anew."""
        self.boot += 1
        for user, human in self.people.items():
            human.restart(noted.get(user), now)

    def visible(self, viewer: Viewer) -> set[str]:
        """Of whom a viewer may hear anything at all."""
        around = self._around(self.moments[-1], viewer.user) - self.ignored[viewer.user] | {viewer.user}
        return {user for user in around if passes(viewer.filter, "m.presence", user)}

    def news(self, viewer: Viewer) -> set[str]:
        """Whose status a viewer has to be told now."""
        visible = self.visible(viewer)
        if viewer.boot == 0:
            return {user for user in visible if self.people[user].told != {"presence": "offline"}}
        if viewer.boot != self.boot:
            return visible
        stayed = frozenset[tuple[str, str]].intersection(*self.moments[viewer.moment :])
        met = self._around(self.moments[-1], viewer.user) - self._around(stayed, viewer.user)
        changed = {user for user, human in self.people.items() if human.told_at > viewer.round}
        return visible & (changed | (met - {viewer.user}))

    def look(self, viewer: Viewer, told: dict[str, Content], now: int) -> None:
        """Fail where a viewer was not told exactly what they have to be."""
        true = {user: self.people[user].shown(now) for user in self.news(viewer)}
        if told != true:
            raise Differs(f"{viewer.user} is told\n  {told}\nand ought to be\n  {true}")

    def compare(self, viewer: Viewer, now: int) -> None:
        """Fail where a viewer who was just told everything holds something else than is true at this moment."""
        for user in self.visible(viewer):
            held, true = viewer.held.get(user, {"presence": "offline"}), self.people[user].content(now)
            if held != true:
                raise Differs(f"{viewer.user} holds of {user}\n  {held}\nand ought to\n  {true}")

    @staticmethod
    def _around(joined: Joined, user: str) -> set[str]:
        own = {room for room, who in joined if who == user}
        return {who for room, who in joined if room in own}
