"""Stores of files under test, and contents: made, stored, read, and held against their digests."""

import hashlib
import random
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec

from veche.domain.ids import Digest
from veche.storage.blobs import Blobs, Stored
from veche.storage.blobs.disk import DiskBlobs
from veche.storage.blobs.place import Patience, S3Place

MEBIBYTE = 2**20
KINDS = ("disk", "s3")


class Shelf(msgspec.Struct, frozen=True):
    """A store, its kind, and the folder on this machine that it uses."""

    kind: str
    blobs: Blobs
    folder: Path

    def incoming(self) -> list[str]:
        """Return the names of what is half-way."""
        folder = self.folder / "incoming"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    async def stored(self) -> list[Stored]:
        """Return all that is stored."""
        return [stored async for stored in self.blobs.walk()]


def open_shelf(folder: Path, place: S3Place | None, patience: Patience = Patience()) -> Shelf:  # noqa: B008 (frozen)
    """Open a store in a folder, or in the bucket of ``place``."""
    if place is None:
        return Shelf("disk", DiskBlobs(folder), folder)
    from veche.storage.blobs.s3 import S3Blobs

    return Shelf("s3", S3Blobs(place, folder, patience), folder)


def content_of(size: int, seed: int = 1) -> bytes:
    """Return that many bytes, others for another seed."""
    return random.Random(seed).randbytes(size)


def digest_of(content: bytes) -> Digest:
    """Return the digest, computed here and not by a store."""
    return Digest(hashlib.sha256(content).hexdigest())


async def put(blobs: Blobs, content: bytes, part: int = 60_000) -> Digest:
    """Store a content in parts and hold it no longer."""
    incoming = await blobs.begin()
    try:
        for start in range(0, len(content), part):
            await incoming.add(content[start : start + part])
        return await incoming.keep()
    finally:
        await incoming.discard()


async def whole(parts: AsyncGenerator[bytes, None]) -> bytes:
    """Read to the end."""
    return b"".join([part async for part in parts])
