"""Contents of files, kept by digest: what every store can do, and the faults it may answer with.

Who may read a content, and which row speaks of it, is not known here.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Protocol

import msgspec

from veche.domain.ids import Digest

LARGEST_PART = 2**16
"""Bytes of one part that ``read`` gives, unless smaller ones are asked for: each reader holds one or two of them."""


class BlobFault(Exception):
    """The store could not do its work; nothing is half-stored."""


class BlobsFull(BlobFault):
    """No room is left in the store."""


class BlobsAway(BlobFault):
    """The store does not answer, or answers what cannot be believed."""


class BlobMissing(BlobFault):
    """The store does not have this content, or has lost a part of it."""


class Stored(msgspec.Struct, frozen=True):
    """One content in a store: its size in bytes, and when it was put there or asked to be kept again."""

    digest: Digest
    size: int
    changed_ms: int


class Incoming(Protocol):
    """A content on its way in. Whoever began it ends it with ``discard``, whatever happened."""

    @property
    def size(self) -> int:
        """How many bytes were added."""

    @property
    def digest(self) -> Digest | None:
        """What may lie in the store since ``keep`` began to put it there; None where it has failed or not begun."""

    async def add(self, part: bytes) -> None:
        """Take the next bytes; returns before they are written, but never runs far ahead of the disk."""

    async def keep(self) -> Digest:
        """Store it for good, where no power cut takes it away, and hold it against ``delete`` from now on."""

    def release(self) -> None:
        """Hold it no longer: its row is committed, or will never be."""

    async def discard(self) -> None:
        """Remove what was not kept, and release what was. May be called again, and when the request was cancelled."""


class Blobs(Protocol):
    """A store of contents. Every coroutine raises a ``BlobFault`` where the store cannot do its work."""

    async def begin(self) -> Incoming:
        """Begin to take a content in."""

    async def size(self, digest: Digest) -> int | None:
        """Return the size in bytes, None where the store has no such content."""

    def read(
        self, digest: Digest, start: int = 0, length: int | None = None, part: int = LARGEST_PART
    ) -> AsyncGenerator[bytes, None]:
        """Read ``length`` bytes from ``start`` in parts of at most ``part``; without ``length`` to the end.

        A content that is read as a whole without naming its length is checked against its digest; the last part is
        only given where they agree. Raises ``BlobMissing``, before the first part where the content is too short.
        """

    async def delete(self, digest: Digest) -> bool:
        """Remove a content; False while it is held. One that is gone already counts as removed."""

    def walk(self) -> AsyncIterator[Stored]:
        """Go through all that is stored; what comes or goes meanwhile may be told or not."""

    async def sweep_incoming(self, before_ms: int) -> int:
        """Remove what a crash left half-way, if last changed before that moment (ms since 1970); return how many."""

    async def close(self) -> None:
        """End threads and connections."""
