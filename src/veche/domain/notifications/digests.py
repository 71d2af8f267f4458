"""Digests: letters that tell what somebody has not read. When one is due, and how often. Pure rules."""

from typing import Final

import msgspec

from veche.domain.ids import UserId

APP_ID: Final = "m.email"
"""What the specification calls the application that is mail (section Push Notifications)."""
_HOUR_MS: Final = 3_600_000
PAUSES_MS: Final = (0, _HOUR_MS, 4 * _HOUR_MS, 12 * _HOUR_MS, 24 * _HOUR_MS)
"""How long after a letter the next one comes at the earliest: later each time, until somebody was here again."""
MOST_TOLD: Final = 50
"""Events that are told in one letter."""
MOST_OF_ROOM: Final = 5
DIGEST_MS: Final = 24 * _HOUR_MS
"""How long a digest may wait to be sent."""
ENDING_MS: Final = 180 * 24 * _HOUR_MS
"""How long the link that ends them is good for."""


class Told(msgspec.Struct, frozen=True):
    """When somebody was last told by mail, and how often in a row since they were last here."""

    sent_ts: int = 0
    in_a_row: int = 0


def subject_of(user: UserId, pushkey: str) -> str:
    """Return under what a digest waits: one at a time for each address of each person."""
    return f"{user} {pushkey}"


def whose(subject: str) -> tuple[UserId, str]:
    """Return person and pushkey of a digest."""
    user, _, pushkey = subject.partition(" ")
    return UserId(user), pushkey


def since_here(told: Told, last_here_ts: int) -> Told:
    """Return how often somebody was told since they were last here: whoever comes back begins anew."""
    return Told(told.sent_ts, min(told.in_a_row, 1)) if last_here_ts > told.sent_ts else told


def due_ts(told: Told, oldest_ts: int, pause_ms: int) -> int:
    """Return when to tell what has been unread since ``oldest_ts``: after a pause, and not too often."""
    again = told.sent_ts + PAUSES_MS[min(told.in_a_row, len(PAUSES_MS) - 1)]
    return max(oldest_ts + pause_ms, again)
