"""Letters: what the server writes to people, and what becomes of a letter that cannot be sent. Pure rules."""

from typing import Final, Literal

import msgspec

from veche.domain.settings import Language

LetterKind = Literal["register", "add", "reset", "page", "digest"]
LONGEST_WAIT_MS: Final = 15 * 60_000
FIRST_WAIT_MS: Final = 5_000
MOST_WAITING: Final = 10_000
"""Letters that may wait: beyond that the server is being used to send mail to strangers."""


class WaitingLetter(msgspec.Struct, frozen=True):
    """A letter that is to be sent; ``subject`` is what it is about: a proof's sid, or whose digest.

    What stands in it, secrets too, is made when it is sent and never stored.
    """

    kind: LetterKind
    subject: str
    address: str
    language: Language
    created_ts: int
    due_ts: int
    expires_ts: int
    tries: int = 0

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells it from others, however often it was put off."""
        return self.kind, self.subject, self.created_ts


def wait_ms(tries: int, chance: bytes) -> int:
    """Return how long to wait after so many tries that failed: twice as long each time, and spread by chance."""
    longest = int(min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** min(tries, 20)))
    return longest // 2 + longest // 2 * int.from_bytes(chance[:2]) // 65_535


def is_given_up(letter: WaitingLetter, now: int) -> bool:
    """Say whether a letter is not worth sending any more."""
    return now >= letter.expires_ts
