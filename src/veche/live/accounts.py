"""Letters that wait, and digests that may be due, as far as it lives in memory: when to look for them, and what became
of them, for the figures.
"""

import msgspec

from veche.domain.ids import Position
from veche.domain.notifications.pushers import PusherKey, Telling


class Secrets(msgspec.Struct, frozen=True):
    """What somebody proves with to have read a letter: the token of its link, and its code."""

    link: str
    code: str


class Letters:
    """When the next letter is due (ms), how many wait at last look, and how many were sent, put off and given up."""

    def __init__(self) -> None:
        self.next_ts: int | None = 0
        """None where none waits; 0 until somebody has looked."""
        self.done: dict[tuple[str, str, int], Telling | None] = {}
        """What is to be noted of those that were sent, by their keys, until it is: the disk may be full just then."""
        self.paused_until = 0
        """Until then nothing is tried, whatever comes."""
        self.are_sent = False
        """Whether some are being sent at this moment."""
        self.waiting = 0
        self.sent = 0
        self.put_off = 0
        self.given_up = 0
        self.failures = 0
        """How often in a row the mail server could not be reached."""
        self.kept: dict[str, Secrets] = {}
        """Of letters that were written and not sent yet, by sid: each try to send one holds the same."""

    def expect(self, due_ts: int) -> None:
        """Look at that time at the latest."""
        self.next_ts = due_ts if self.next_ts is None else min(self.next_ts, due_ts)

    def is_due(self, now: int) -> bool:
        """Say whether it is time to look."""
        return self.next_ts is not None and max(self.next_ts, self.paused_until) <= now


class Digests:
    """Up to where the log was looked at for those who want digests, and when to look at each of them again (ms)."""

    def __init__(self) -> None:
        self.seen: Position | None = None
        self.due: dict[PusherKey, int] = {}

    def due_now(self, now: int) -> list[PusherKey]:
        """Return those to look at now; they stay due until somebody has."""
        return [key for key, ts in self.due.items() if ts <= now]

    def look_again(self, key: PusherKey, ts: int | None) -> None:
        """Look at somebody at that time, or not before anything happens for them."""
        if ts is None:
            self.due.pop(key, None)
        else:
            self.due[key] = ts
