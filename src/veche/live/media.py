"""What is under way with files: who waits for an upload, what is being deleted or made, how many uploads go on.

All of it is lost with the process, and nothing is missed then.
"""

import asyncio
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

import msgspec

from veche.domain.ids import Digest, UserId
from veche.domain.media import MediaId


class Arrivals:
    """Downloads that wait for an upload."""

    def __init__(self) -> None:
        self._waiting: dict[MediaId, set[asyncio.Event]] = {}

    @contextmanager
    def expect(self, media_id: MediaId) -> Iterator[asyncio.Event]:
        """Give what is set once the file may have come; begin before looking whether it is there."""
        event = asyncio.Event()
        waiting = self._waiting.setdefault(media_id, set())
        waiting.add(event)
        try:
            yield event
        finally:
            waiting.discard(event)
            if not waiting and self._waiting.get(media_id) is waiting:
                del self._waiting[media_id]

    def tell(self, media_id: MediaId) -> None:
        """Wake those who wait for a file: it came, or will never come."""
        for event in self._waiting.pop(media_id, ()):
            event.set()


class Doomed:
    """Contents that nobody wanted when last looked, and that will be deleted unless somebody brings them again.

    Between the look at the rows and the deletion an upload of the same contents may have begun, committed and ended;
    it says so here, and the deletion is not carried out. What is still held by an upload the store itself keeps.
    """

    def __init__(self) -> None:
        self._digests: set[Digest] = set()
        self._pauses = 0

    @contextmanager
    def nobody(self) -> Iterator[None]:
        """Let no content be deleted while this lasts: a backup copies what rows spoke of when it began."""
        self._pauses += 1
        try:
            yield
        finally:
            self._pauses -= 1

    @contextmanager
    def doom(self, digest: Digest) -> Iterator[None]:
        """Mean to delete a content; begin before looking whether it is wanted."""
        self._digests.add(digest)
        try:
            yield
        finally:
            self._digests.discard(digest)

    @property
    def is_paused(self) -> bool:
        """Say whether no content may be deleted now."""
        return self._pauses > 0

    def is_doomed(self, digest: Digest) -> bool:
        """Say whether nobody has brought the content since, and contents may be deleted."""
        return digest in self._digests and not self.is_paused

    def spare(self, digest: Digest) -> None:
        """Say that the content is wanted again: after it was kept, and again before it is released."""
        self._digests.discard(digest)


class Flights:
    """Work that several wait for and one does."""

    def __init__(self) -> None:
        self._ended: dict[Hashable, asyncio.Event] = {}

    def under_way(self, key: Hashable) -> asyncio.Event | None:
        """Return what is set when the work under this key ends, however it ends; None where nobody does it."""
        return self._ended.get(key)

    @contextmanager
    def begin(self, key: Hashable) -> Iterator[None]:
        """Do the work under this key; nobody else may be at it."""
        ended = self._ended[key] = asyncio.Event()
        try:
            yield
        finally:
            del self._ended[key]
            ended.set()


class Uploads:
    """How many uploads of each person are under way."""

    def __init__(self) -> None:
        self._counts: Counter[UserId] = Counter()

    def of(self, user: UserId) -> int:
        """Return how many a person has under way."""
        return self._counts[user]

    @contextmanager
    def begin(self, user: UserId) -> Iterator[None]:
        """Count one more while it lasts."""
        self._counts[user] += 1
        try:
            yield
        finally:
            self._counts[user] -= 1
            if not self._counts[user]:
                del self._counts[user]


class Media(msgspec.Struct, frozen=True):
    """Everything about files that lives in memory."""

    arrivals: Arrivals = msgspec.field(default_factory=Arrivals)
    doomed: Doomed = msgspec.field(default_factory=Doomed)
    thumbnails: Flights = msgspec.field(default_factory=Flights)
    uploads: Uploads = msgspec.field(default_factory=Uploads)
