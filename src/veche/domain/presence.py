"""Presence: what somebody's devices and their own words come to, and how that is told (section Presence)."""

from collections.abc import Iterable
from typing import Any, Final, Literal

import msgspec

from veche.base.json import LARGEST_INTEGER
from veche.domain.ids import UserId
from veche.domain.refusals import Refusal, invalid_param

EVENT_TYPE = "m.presence"
BUSY_FIELD = "org.veche.busy"
UNTIL_FIELD = "org.veche.until"

GRACE_MS = 45_000
"""How long a device still counts after its last long poll has ended: the next one is on its way."""
LONGEST_TEXT = 256  # characters

Presence = Literal["online", "unavailable", "offline"]
DeviceState = Literal["online", "unavailable", "busy"]


class Said(msgspec.Struct, frozen=True):
    """What somebody says of themselves, whatever their devices do: a text, and since and until when they are busy.

    Milliseconds; ``busy_until`` is None for somebody who has named no end.
    """

    text: str | None = None
    busy_since: int | None = None
    busy_until: int | None = None

    def is_busy(self, now: int) -> bool:
        """Say whether they are busy now."""
        return self.busy_since is not None and (self.busy_until is None or now < self.busy_until)


class Known(msgspec.Struct, frozen=True):
    """What is kept of somebody: what they say, and the millisecond in which they were last active."""

    user: UserId
    said: Said
    last_active: int | None


class Status(msgspec.Struct, frozen=True):
    """How somebody is doing, as others see it; ``until`` is when being busy ends."""

    presence: Presence = "offline"
    text: str | None = None
    is_busy: bool = False
    until: int | None = None


NOTHING_SAID: Final = Said()
OFFLINE: Final = Status()
"""How somebody is doing of whom nothing is known; a first sync passes over them."""


def status_of(said: Said, states: Iterable[DeviceState], last_active: int | None, now: int, idle_ms: int) -> Status:
    """Return a person's status: the best that one of their present devices says, unless they are busy or idle.

    A busy person shows as unavailable, which is the nearest that all clients know.
    """
    found = set(states)
    said_busy = said.is_busy(now)
    is_busy = said_busy or "busy" in found
    is_idle = last_active is None or now - last_active >= idle_ms
    presence: Presence = "offline"
    if found:
        presence = "online" if "online" in found and not is_busy and not is_idle else "unavailable"
    return Status(presence, said.text, is_busy, said.busy_until if said_busy else None)


def content_of(status: Status, last_active: int | None, now: int) -> dict[str, Any]:
    """Return the content of an ``m.presence`` event.

    Whoever is online counts as active until another status is told, so that no update is needed in between.
    """
    content: dict[str, Any] = {"presence": status.presence}
    if last_active is not None:
        content["last_active_ago"] = max(0, now - last_active)
    if status.presence == "online":
        content["currently_active"] = True
    if status.text is not None:
        content["status_msg"] = status.text
    if status.is_busy:
        content[BUSY_FIELD] = True
    if status.until is not None:
        content[UNTIL_FIELD] = status.until
    return content


def may_say(text: str | None) -> Refusal | None:
    """Say whether somebody may show this text beside their name."""
    if text is not None and (len(text) > LONGEST_TEXT or "\x00" in text):
        return invalid_param(f"status_msg has at most {LONGEST_TEXT} characters and no NUL.", "status_msg")
    return None


def may_be_busy_until(until: int | None, now: int, *, is_busy: bool) -> Refusal | None:
    """Say whether being busy may end in this millisecond: only what has begun ends, and only in the future."""
    if until is None:
        return None
    if not is_busy:
        return invalid_param(f"{UNTIL_FIELD} goes with {BUSY_FIELD}.", UNTIL_FIELD)
    if not now < until <= LARGEST_INTEGER:
        return invalid_param(f"{UNTIL_FIELD} is a moment in the future, in milliseconds.", UNTIL_FIELD)
    return None
