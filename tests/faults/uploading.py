"""Stores contents without end, to be killed: ``python -m tests.faults.uploading FOLDER [ENDPOINT BUCKET]``.

Every content that is stored is printed as its digest, and only then.
"""

import asyncio
import random
import sys
from pathlib import Path

from tests.stage.shelves import MEBIBYTE, open_shelf, put
from veche.storage.blobs import Blobs
from veche.storage.blobs.place import S3Place

LANES = 6
LARGEST = 3 * MEBIBYTE


async def main(folder: Path, place: S3Place | None) -> None:
    """Store from several sides at once."""
    shelf = open_shelf(folder, place)
    await asyncio.gather(*(_upload(shelf.blobs, random.Random()) for _ in range(LANES)))


async def _upload(blobs: Blobs, chance: random.Random) -> None:
    while True:
        digest = await put(blobs, chance.randbytes(int(LARGEST * chance.random() ** 4)))
        sys.stdout.write(digest + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), S3Place(sys.argv[2], sys.argv[3], "key", "secret") if sys.argv[2:] else None))
