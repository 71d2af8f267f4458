"""What every command is given: writer, reader, files, memory, the outside world, the clock, chance and limits."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import msgspec

from veche.domain.settings import Limits
from veche.integrations.imaging.records import Picture, Size
from veche.integrations.mail.records import Letter
from veche.live.state import Live
from veche.storage.blobs import Blobs
from veche.storage.reader import Reader
from veche.storage.writer import Writer


class Hashing(Protocol):
    """Turns passwords into argon2id hashes and checks them, away from the loop."""

    def hash(self, password: str) -> Awaitable[str]:
        """Return the hash of a password."""

    def verify(self, hash: str | None, password: str) -> Awaitable[bool]:
        """Say whether ``password`` belongs to ``hash``; no hash takes as long and is always wrong."""


class Imaging(Protocol):
    """Makes smaller pictures in a process of its own."""

    async def thumbnail(self, source: AsyncIterator[bytes], wanted: Size) -> Picture:
        """Return a smaller picture. Raises ``NotAPicture`` or ``PictureTooLarge``."""


class Certificates(Protocol):
    """Keeps the certificate that HTTPS shows. What is wrong with one is refused with 400 M_INVALID_PARAM."""

    async def look(self) -> None:
        """Renew the server's own certificate where that is due; does nothing where HTTPS is not spoken."""

    async def renew(self) -> dict[str, Any]:
        """Make another certificate now; returns what ``report`` returns."""

    async def install(self, chain: bytes, key: bytes, chain_name: str, key_name: str) -> dict[str, Any]:
        """Show a given certificate from now on; returns what ``report`` returns."""

    async def report(self) -> dict[str, Any]:
        """Return what is known of the certificate and its authority, as plain values."""


class Mail(Protocol):
    """Gives letters to the one mail server that was set."""

    async def send(self, letter: Letter) -> None:
        """Give a letter to the server. Raises ``Unreachable``, ``PutOff`` or ``GivenUp``."""


class Pushing(Protocol):
    """Tells push gateways of notifications, those that the administrator allows."""

    async def push(self, url: str, body: bytes) -> frozenset[str]:
        """Tell the gateway at ``url``; returns the pushkeys it rejects. Raises ``NotDelivered``."""


class Home(msgspec.Struct, frozen=True):
    """Where the server lives, and which version of it that is."""

    data: Path
    version: str


class Outside(msgspec.Struct, frozen=True):
    """What commands may ask of the world outside the database."""

    hashing: Hashing
    imaging: Imaging
    certificates: Certificates
    mail: Mail
    pushing: Pushing
    home: Home


class Context(msgspec.Struct, frozen=True):
    """Handed to every command. ``clock`` gives milliseconds since 1970, ``random`` that many random bytes."""

    writer: Writer
    reader: Reader
    blobs: Blobs
    live: Live
    outside: Outside
    clock: Callable[[], int]
    random: Callable[[int], bytes]
    limits: Limits
