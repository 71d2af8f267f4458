"""Contents in S3-compatible storage: ``media/ab/<digest>`` in one bucket.

What is taken in waits in a file of this machine until its digest is known. Nothing the endpoint says is believed
that the digest can disprove.
"""

import asyncio
import hashlib
import re
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from botocore.exceptions import ClientError

from veche.domain.ids import Digest, is_digest
from veche.storage.blobs import LARGEST_PART, BlobFault, BlobMissing, BlobsAway, Stored
from veche.storage.blobs.connection import Connection, fault_of
from veche.storage.blobs.holds import Holds
from veche.storage.blobs.incoming import IncomingFile, IncomingFolder, Spool
from veche.storage.blobs.place import Patience, S3Place
from veche.storage.blobs.threads import Calls, Threads
from veche.storage.blobs.upload import Upload

T = TypeVar("T")

PREFIX = "media/"
DOUBT_SECONDS = 15 * 60
"""So long is the signature of a request good: a deletion that nobody answered may still be carried out meanwhile."""
_RANGE = re.compile(r"bytes ([0-9]+)-([0-9]+)/([0-9]+)\Z")


class S3Blobs:
    """The store in a bucket; ``folder`` is where incoming contents wait. One server uses a bucket, not several."""

    def __init__(
        self,
        place: S3Place,
        folder: Path,
        patience: Patience = Patience(),  # noqa: B008 (a frozen record)
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bucket = place.bucket
        self._connection = Connection(place, patience)
        self._patience = patience
        self._clock = clock
        self._threads = Threads()
        self._calls = Calls()
        self._holds = Holds()
        self._incoming = IncomingFolder(folder / "incoming")
        self._doubtful: dict[Digest, float] = {}
        self._uploading: WeakValueDictionary[Digest, asyncio.Lock] = WeakValueDictionary()

    async def begin(self) -> IncomingFile:
        """Begin to take a content in."""
        return await IncomingFile(self._incoming.new(), self._threads, self._holds, self._store).begin()

    async def size(self, digest: Digest) -> int | None:
        """Return the size in bytes, None where there is no such content."""
        key = _key(digest)
        page = await self._ask(partial(self._page, key, most=1))
        return next((found["Size"] for found in page.get("Contents", ()) if found["Key"] == key), None)

    async def read(
        self, digest: Digest, start: int = 0, length: int | None = None, part: int = LARGEST_PART
    ) -> AsyncGenerator[bytes, None]:
        """Read a content, or a stretch of it, part by part."""
        get = partial(self._connection.client.get_object, Bucket=self._bucket, Key=_key(digest))
        reading = _Reading(get, digest, start, length)
        try:
            if length == 0 or not await self._ask(reading.open):
                await self._ensure_size(digest, start + (length or 0))
                return
            while read := await self._ask(partial(reading.part, part)):
                yield read
        finally:
            if not reading.is_at_end:
                self._calls.leave(reading.close)

    async def delete(self, digest: Digest) -> bool:
        """Remove a content; False while it is held."""
        key = _key(digest)
        async with self._holds.deleting(digest) as is_free:
            if is_free:
                try:
                    await self._ask(partial(self._connection.once.delete_object, Bucket=self._bucket, Key=key))
                except BaseException:
                    self._doubt(digest)
                    raise
        return is_free

    async def walk(self) -> AsyncIterator[Stored]:
        """Go through all contents, page by page."""
        token = ""
        while True:
            page = await self._ask(partial(self._page, PREFIX, token=token))
            for found in page.get("Contents", ()):
                if digest := _digest_of(found["Key"]):
                    yield Stored(digest, found["Size"], int(found["LastModified"].timestamp() * 1000))
            before, token = token, page.get("NextContinuationToken", "")
            if not token:
                return
            if token == before:
                raise BlobsAway("the listing goes in circles")

    async def sweep_incoming(self, before_ms: int) -> int:
        """Remove what a crash left half-way, on this machine and in the bucket; return how many."""
        swept = await self._threads.run(self._incoming.sweep, before_ms)
        for left in await self._ask(self._half_uploads):
            digest = _digest_of(left["Key"])
            if digest and not self._holds.is_held(digest) and left["Initiated"].timestamp() * 1000 < before_ms:
                await self._ask(partial(self._abort, left["Key"], left["UploadId"]))
                swept += 1
        return swept

    async def close(self) -> None:
        """End threads and connections."""
        self._threads.close()
        self._connection.close()

    async def _store(self, spool: Spool, digest: Digest, size: int) -> None:
        """Upload unless the content is there; believe that it arrived when the bucket says so.

        Who stores the same content meanwhile waits and finds it there.
        """
        self._refuse_doubtful(digest)
        async with self._uploading.setdefault(digest, asyncio.Lock()):
            if await self.size(digest) != size:
                await self._upload(spool.path, digest, size)
                if await self.size(digest) != size:
                    raise BlobsAway("what was uploaded is not in the bucket")
        await self._threads.run(spool.remove)

    async def _upload(self, path: Path, digest: Digest, size: int) -> None:
        upload = Upload(self._connection.client, self._bucket, _key(digest))
        try:
            seconds = self._patience.call + size / self._patience.slowest
            await self._ask(partial(upload.run, path, size), seconds)
        finally:
            upload.is_given_up.set()

    async def _ensure_size(self, digest: Digest, least: int) -> None:
        size = await self.size(digest)
        if size is None or size < least:
            raise BlobMissing(f"{digest} is not in the bucket, or cut short")

    def _page(self, prefix: str, token: str = "", most: int = 1000) -> Any:
        more: dict[str, Any] = {"ContinuationToken": token} if token else {}
        page = self._connection.client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, MaxKeys=most, **more)
        if page.get("Name") != self._bucket:
            raise BlobsAway("the answer is no listing of the bucket")
        return page

    def _half_uploads(self) -> Any:
        page = self._connection.client.list_multipart_uploads(Bucket=self._bucket, Prefix=PREFIX)
        if page.get("Bucket") != self._bucket:
            raise BlobsAway("the answer is no listing of uploads")
        return page.get("Uploads", ())

    def _abort(self, key: str, upload: str) -> None:
        self._connection.client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)

    async def _ask(self, work: Callable[[], T], seconds: float | None = None) -> T:
        return await self._calls.run(seconds or self._patience.call, _sensible, work)

    def _doubt(self, digest: Digest) -> None:
        now = self._clock()
        self._doubtful = {other: until for other, until in self._doubtful.items() if until > now}
        self._doubtful[digest] = now + DOUBT_SECONDS

    def _refuse_doubtful(self, digest: Digest) -> None:
        if self._doubtful.get(digest, 0) > self._clock():
            raise BlobsAway("the same content was to be deleted a moment ago, and may still be")


class _Reading:
    """One reader's place in a content. Its methods are for threads; a lock keeps ``close`` off a read under way."""

    def __init__(self, get: Callable[..., Any], digest: Digest, start: int, length: int | None) -> None:
        self._get = get
        self._digest = digest
        self._start = start
        self._length = length
        self._rest = 0
        self._hash: Any = None
        self._body: Any = None
        self._lock = threading.Lock()
        self.is_at_end = False

    def open(self) -> bool:
        """Ask for the content; False where it has nothing in this range. Raises ``BlobMissing``."""
        with self._lock:
            is_whole = self._start == 0 and self._length is None
            last = "" if self._length is None else str(self._start + self._length - 1)
            wanted = {} if is_whole else {"Range": f"bytes={self._start}-{last}"}
            try:
                answer = self._get(**wanted)
            except ClientError as error:
                if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 416:
                    return False
                raise
            self._body = answer["Body"]
            self._rest = self._promised(answer)
        return True

    def part(self, most: int) -> bytes:
        """Return the next part, of at most so many bytes; empty at the end."""
        with self._lock:
            part: bytes = self._body.read(min(most, self._rest)) if self._rest else b""
            self._rest -= len(part)
            if not part and self._rest:
                raise BlobsAway(f"{self._digest} came cut short")
            self.is_at_end = not self._rest
            if self._hash is not None:
                self._hash.update(part)
                if self.is_at_end and self._hash.hexdigest() != self._digest:
                    raise BlobsAway(f"what came as {self._digest} is something else")
            return part

    def close(self) -> None:
        """Close the connection, once nobody reads from it."""
        with self._lock:
            if self._body is not None:
                self._body.close()

    def _promised(self, answer: Any) -> int:
        """Return how many bytes follow; raise where that is not what was asked for."""
        size = int(answer["ContentLength"])
        if "ContentRange" not in answer:
            if self._start or self._length not in (None, size):
                raise BlobsAway("the whole content came instead of a range")
            self._hash = hashlib.sha256()
            return size
        first, last, total = self._told(answer["ContentRange"])
        end = total if self._length is None else self._start + self._length
        if total < end:
            raise BlobMissing(f"{self._digest} is cut short")
        if (first, last + 1, size) != (self._start, end, end - self._start):
            raise BlobsAway("another range came than was asked for")
        if size == total:
            self._hash = hashlib.sha256()
        return size

    def _told(self, text: str) -> tuple[int, int, int]:
        found = _RANGE.match(text)
        if found is None:
            raise BlobsAway("the range that came has no bounds")
        first, last, total = found.groups()
        return int(first), int(last), int(total)


def _sensible(work: Callable[[], T]) -> T:
    """Whatever a strange endpoint makes the library raise is a fault of the store."""
    try:
        return work()
    except BlobFault:
        raise
    except Exception as error:
        raise fault_of(error) from error


def _key(digest: Digest) -> str:
    if not is_digest(digest):
        raise ValueError("not a digest")
    return f"{PREFIX}{digest[:2]}/{digest}"


def _digest_of(key: str) -> Digest | None:
    name = key.rpartition("/")[2]
    return Digest(name) if is_digest(name) and _key(Digest(name)) == key else None
