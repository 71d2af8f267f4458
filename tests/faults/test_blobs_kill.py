"""kill -9 while contents are stored: what was acknowledged is there, what is there is whole, the rest is swept."""

import asyncio
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.effort import effort
from tests.faults.ledger import Lost
from tests.stage.server import ROOT
from tests.stage.shelves import KINDS, Shelf, open_shelf, whole
from veche.domain.ids import Digest
from veche.storage.blobs import BlobFault
from veche.storage.blobs.place import S3Place

MOST_STORED = 12
LONGEST_PAUSE = 0.05


def upload_and_kill(folder: Path, place: S3Place | None, chance: random.Random) -> set[Digest]:
    """Let a process store contents, kill it at some moment, and return what it had acknowledged."""
    named = [place.endpoint, place.bucket] if place else []
    path = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
    uploading = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.uploading", str(folder), *named],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        cwd=ROOT,
        text=True,
    )
    assert uploading.stdout is not None
    told = [uploading.stdout.readline() for _ in range(chance.randint(1, MOST_STORED))]
    time.sleep(chance.random() * LONGEST_PAUSE)
    uploading.kill()
    told += uploading.communicate()[0].splitlines(keepends=True)
    return {Digest(line.strip()) for line in told if line.endswith("\n")}


async def compare(shelf: Shelf, acknowledged: set[Digest]) -> None:
    """Read all that is stored; raise ``Lost`` where it is not what its name says, or something is missing."""
    stored = {found.digest for found in await shelf.stored()}
    if acknowledged - stored:
        raise Lost(f"acknowledged, but gone: {acknowledged - stored}")
    for digest in stored:
        try:
            await whole(shelf.blobs.read(digest))
        except BlobFault as fault:
            raise Lost(f"{digest} is not whole") from fault


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_acknowledged_survives_every_kill(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = request.getfixturevalue("buckets").fresh() if kind == "s3" else None
    chance, half_way = random.Random(kind), 0
    acknowledged: set[Digest] = set()
    kills = effort("upload_kills") // (1 if kind == "disk" else 3)
    for _ in range(kills):
        acknowledged |= await asyncio.to_thread(upload_and_kill, tmp_path / "media", place, chance)
        shelf = open_shelf(tmp_path / "media", place)
        await compare(shelf, acknowledged)
        half_way += len(shelf.incoming())
        await shelf.blobs.sweep_incoming(2**42)
        assert shelf.incoming() == []
        await compare(shelf, acknowledged)
        await shelf.blobs.close()
    assert len(acknowledged) >= kills
    assert half_way, "no kill came in the middle of an upload"
