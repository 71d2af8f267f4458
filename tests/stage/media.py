"""What tests do with files over HTTP: upload, download, announce, fill; and stores and decoders that misbehave."""

import struct
import zlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import msgspec

from tests.stage.asgi import Answer
from tests.stage.people import Person
from tests.stage.world import World
from veche.api.http.contract import Door
from veche.commands.context import Context, Imaging
from veche.domain.ids import Digest
from veche.domain.media import MediaId
from veche.storage.blobs import LARGEST_PART, BlobFault, Blobs, Incoming, Stored

V1 = "/_matrix/client/v1/media"
OLD = "/_matrix/media/v3"


async def send_file(person: Person, body: bytes = b"some bytes", *, kind: str | None = None, **query: str) -> Answer:
    """Upload a file and return the whole answer."""
    headers = {"content-length": str(len(body)), **({"content-type": kind} if kind is not None else {})}
    sent = person.world.begin("POST", f"{OLD}/upload", body, query=query, token=person.token, headers=headers)
    return await sent.answer()


async def upload(person: Person, body: bytes = b"some bytes", *, kind: str | None = None, **query: str) -> str:
    """Upload a file and return its address."""
    return str((await send_file(person, body, kind=kind, **query)).ok()["content_uri"])


async def announce(person: Person) -> str:
    """Announce a file and return its address."""
    return str((await person.post("/_matrix/media/v1/create")).ok()["content_uri"])


async def fill(person: Person, uri: str, body: bytes = b"some bytes", **query: Any) -> Answer:
    """Upload what was announced."""
    return await person.call("PUT", f"{OLD}/upload/{uri.removeprefix('mxc://')}", body, **query)


async def fetch(person: Person, uri: str, headers: dict[str, str] | None = None, **query: Any) -> Answer:
    """Download a file."""
    sent = person.world.begin("GET", path_of(uri), query=query, token=person.token, headers=headers)
    return await sent.answer()


async def may_fetch(person: Person, uri: str) -> bool:
    """Say whether somebody is given a file; if not, it must be as if there were none."""
    answer = await fetch(person, uri)
    if answer.status != 200:
        answer.refused(404, "M_NOT_FOUND")
    return answer.status == 200


async def thumbnail(person: Person, uri: str, width: int = 96, height: int = 96, **query: Any) -> Answer:
    """Ask for a thumbnail."""
    path = path_of(uri, "thumbnail")
    asked = {"width": width, "height": height, **query}
    return await person.world.begin("GET", path, query=asked, token=person.token).answer()


def path_of(uri: str, what: str = "download") -> str:
    """Return the path of a file or of its thumbnail."""
    return f"{V1}/{what}/{uri.removeprefix('mxc://')}"


def id_of(uri: str) -> MediaId:
    """Return the file's id."""
    return MediaId(uri.rpartition("/")[2])


def picture(uri: str) -> dict[str, Any]:
    """The content of a message that shows a picture."""
    return {"msgtype": "m.image", "body": "picture.png", "url": uri}


def png(width: int = 200, height: int = 100) -> bytes:
    """A picture of one colour."""
    rows = b"".join(b"\x00" + b"\x40\x80\xc0" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


async def stored(world: World) -> list[Digest]:
    """Return the digests of all that the store holds."""
    return sorted([one.digest async for one in world.commands.blobs.walk()])


def with_blobs(world: World, blobs: Blobs) -> Context:
    """Give the world another store, and return its commands' context."""
    return _changed(world, blobs=blobs)


def with_imaging(world: World, imaging: Imaging) -> Context:
    """Give the world another decoder of images, and return its commands' context."""
    outside = msgspec.structs.replace(world.running.commands.outside, imaging=imaging)
    return _changed(world, outside=outside)


def _changed(world: World, **parts: Any) -> Context:
    application = world.running.application
    door: Door = application.door
    commands = msgspec.structs.replace(door.commands, **parts)
    queries = msgspec.structs.replace(door.queries, blobs=commands.blobs)
    application.door = msgspec.structs.replace(door, commands=commands, queries=queries)
    return commands


class Faulty:
    """A store that works until it is told to fail at one of its steps; it counts the contents that are read."""

    def __init__(self, real: Blobs) -> None:
        self.real = real
        self.faults: dict[str, BlobFault] = {}
        self.opened = self.closed = 0

    async def begin(self) -> Incoming:
        self.check("begin")
        return FaultyIncoming(self, await self.real.begin())

    async def size(self, digest: Digest) -> int | None:
        self.check("size")
        return await self.real.size(digest)

    async def read(
        self, digest: Digest, start: int = 0, length: int | None = None, part: int = LARGEST_PART
    ) -> AsyncGenerator[bytes, None]:
        self.check("read")
        self.opened += 1
        try:
            async with aclosing(self.real.read(digest, start, length, part)) as parts:
                async for given in parts:
                    yield given
        finally:
            self.closed += 1

    async def delete(self, digest: Digest) -> bool:
        self.check("delete")
        return await self.real.delete(digest)

    async def walk(self) -> AsyncIterator[Stored]:
        self.check("walk")
        async for one in self.real.walk():
            yield one

    async def sweep_incoming(self, before_ms: int) -> int:
        self.check("sweep")
        return await self.real.sweep_incoming(before_ms)

    async def close(self) -> None:
        """The real one is closed by its owner."""

    def check(self, step: str) -> None:
        """Fail where this step is to fail."""
        if step in self.faults:
            raise self.faults[step]


class FaultyIncoming:
    """An upload into such a store."""

    def __init__(self, store: Faulty, real: Incoming) -> None:
        self._store = store
        self._real = real

    @property
    def size(self) -> int:
        return self._real.size

    @property
    def digest(self) -> Digest | None:
        return self._real.digest

    async def add(self, part: bytes) -> None:
        self._store.check("add")
        await self._real.add(part)

    async def keep(self) -> Digest:
        self._store.check("keep")
        return await self._real.keep()

    def release(self) -> None:
        self._real.release()

    async def discard(self) -> None:
        await self._real.discard()
        self._store.check("discard")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
