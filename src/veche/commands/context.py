"""What every command is given: the writer, the reader, memory, the outside world, the clock, chance and limits."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from veche.domain.settings import Limits
from veche.live.state import Live
from veche.storage.reader import Reader
from veche.storage.writer import Writer


class Hashing(Protocol):
    """Turns passwords into argon2id hashes and checks them, away from the loop."""

    def hash(self, password: str) -> Awaitable[str]:
        """Return the hash of a password."""

    def verify(self, hash: str | None, password: str) -> Awaitable[bool]:
        """Say whether ``password`` belongs to ``hash``; no hash takes as long and is always wrong."""


class Outside(msgspec.Struct, frozen=True):
    """What commands may ask of the world outside the database."""

    hashing: Hashing


class Context(msgspec.Struct, frozen=True):
    """Handed to every command. ``clock`` gives milliseconds since 1970, ``random`` that many random bytes."""

    writer: Writer
    reader: Reader
    live: Live
    outside: Outside
    clock: Callable[[], int]
    random: Callable[[int], bytes]
    limits: Limits
