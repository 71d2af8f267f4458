"""What is under way with files: who waits for an upload, what is being deleted or made, which uploads go on.

All of it is lost with the process, and nothing is missed then.
"""

import asyncio
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary

import msgspec

from veche.domain.ids import Digest, UserId
from veche.domain.media import MediaId

MOST_QUICK = 4
QUICK_PART = 2**19
SMALL_PART = 2**14
"""Bytes of a part for the few quick downloads, and for all others."""

THUMBNAILS_AT_ONCE = 4
"""Thumbnails of one person that are being made, or wait for the process that makes them."""


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


class Doom:
    """One intention to delete a content; it stands until the content is brought again."""

    __slots__ = ("_doomed", "is_spared")

    def __init__(self, doomed: "Doomed") -> None:
        self._doomed = doomed
        self.is_spared = False

    @property
    def stands(self) -> bool:
        """Say whether nobody has brought the content since, and contents may be deleted."""
        return not (self.is_spared or self._doomed.is_paused)


class Doomed:
    """Contents that nobody wanted when last looked, and that will be deleted unless somebody brings them again.

    Between the look at the rows and the deletion an upload of the same contents may have begun, committed and ended;
    it says so here, and the deletion is not carried out. What is still held by an upload the store itself keeps.
    Each intention stands by itself: one that came after an upload must not renew another that came before it.
    """

    def __init__(self) -> None:
        self._dooms: dict[Digest, set[Doom]] = {}
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
    def doom(self, digest: Digest) -> Iterator[Doom]:
        """Mean to delete a content; begin before looking whether it is wanted."""
        doom = Doom(self)
        dooms = self._dooms.setdefault(digest, set())
        dooms.add(doom)
        try:
            yield doom
        finally:
            dooms.discard(doom)
            if not dooms and self._dooms.get(digest) is dooms:
                del self._dooms[digest]

    @property
    def is_paused(self) -> bool:
        """Say whether no content may be deleted now."""
        return self._pauses > 0

    def spare(self, digest: Digest) -> None:
        """Say that the content is wanted again: after it was kept, and again before it is released."""
        for doom in self._dooms.pop(digest, ()):
            doom.is_spared = True


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


class Turns:
    """A line of each person's own: nobody's wishes, however many, keep others waiting for more than a few of them."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._lines: WeakValueDictionary[UserId, asyncio.Semaphore] = WeakValueDictionary()

    def of(self, user: UserId) -> asyncio.Semaphore:
        """Return what is held while one of the person's turns lasts; forgotten with the last one who waits."""
        return self._lines.setdefault(user, asyncio.Semaphore(self._at_once))


class UnderWay:
    """One upload under way: bytes that were announced, 0 where they were not, and bytes that have come."""

    __slots__ = ("announced", "size", "user")

    def __init__(self, user: UserId, announced: int = 0) -> None:
        self.user = user
        self.announced = announced
        self.size = 0

    @property
    def reserved(self) -> int:
        """What it takes of its owner's quota, as far as is known yet."""
        return max(self.announced, self.size)


class Uploads:
    """The uploads under way, and the bytes that they hold and that no row counts yet."""

    def __init__(self) -> None:
        self._of: dict[UserId, set[UnderWay]] = {}
        self._bytes = 0

    def of(self, user: UserId) -> int:
        """Return how many a person has under way."""
        return len(self._of.get(user, ()))

    def besides(self, upload: UnderWay) -> tuple[int, int]:
        """Return what others take: of the owner's quota its other uploads, and of the server's what has come of all.

        Of the server's quota only bytes that came: who merely announces large files must not shut out the others.
        """
        own = sum(other.reserved for other in self._of.get(upload.user, ()) if other is not upload)
        return own, self._bytes - upload.size

    @contextmanager
    def begin(self, upload: UnderWay) -> Iterator[None]:
        """Count an upload while it lasts."""
        uploads = self._of.setdefault(upload.user, set())
        uploads.add(upload)
        try:
            yield
        finally:
            self.settle(upload)
            uploads.discard(upload)
            if not uploads:
                del self._of[upload.user]

    def grow(self, upload: UnderWay, size: int) -> None:
        """Count bytes that came."""
        upload.size += size
        self._bytes += size

    def settle(self, upload: UnderWay) -> None:
        """Count nothing more of it: its row does, or it was refused."""
        self._bytes -= upload.size
        upload.size = upload.announced = 0


class Download:
    """One reply with a file: it takes a place until its client has read it. ``part`` is in how large parts to read."""

    __slots__ = ("_downloads", "is_over", "part", "user")

    def __init__(self, downloads: "Downloads", user: UserId, part: int) -> None:
        self._downloads = downloads
        self.user = user
        self.part = part
        self.is_over = False

    def end(self) -> None:
        """Give the place back; may be called again."""
        if not self.is_over:
            self.is_over = True
            self._downloads.leave(self)


class Downloads:
    """The downloads under way. A few read in large parts, which is quicker; the others in parts that cost little."""

    def __init__(self) -> None:
        self._of: Counter[UserId] = Counter()
        self._quick = 0

    def of(self, user: UserId) -> int:
        """Return how many a person has under way."""
        return self._of[user]

    def of_all(self) -> int:
        """Return how many there are."""
        return self._of.total()

    def begin(self, user: UserId) -> Download:
        """Take a place; whoever took it ends it."""
        is_quick = self._quick < MOST_QUICK
        self._quick += is_quick
        self._of[user] += 1
        return Download(self, user, QUICK_PART if is_quick else SMALL_PART)

    def leave(self, download: Download) -> None:
        """Count it no longer."""
        self._quick -= download.part == QUICK_PART
        self._of[download.user] -= 1
        if not self._of[download.user]:
            del self._of[download.user]


class Media(msgspec.Struct, frozen=True):
    """Everything about files that lives in memory."""

    arrivals: Arrivals = msgspec.field(default_factory=Arrivals)
    doomed: Doomed = msgspec.field(default_factory=Doomed)
    thumbnails: Flights = msgspec.field(default_factory=Flights)
    turns: Turns = msgspec.field(default_factory=lambda: Turns(THUMBNAILS_AT_ONCE))
    uploads: Uploads = msgspec.field(default_factory=Uploads)
    downloads: Downloads = msgspec.field(default_factory=Downloads)
