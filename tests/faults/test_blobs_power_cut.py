"""A power cut while contents are stored: what was acknowledged is there, and what is there is whole."""

import asyncio
import hashlib
import os
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tests.effort import effort
from tests.faults.folder import Journal, Remains
from tests.faults.ledger import Lost
from tests.stage.shelves import content_of
from veche.storage.blobs import disk, incoming
from veche.storage.blobs.disk import DiskBlobs

LANES = 6
ROUNDS = 5
CONTENTS = 6
"""Fewer than uploads, so that many find their content there, or on its way."""


async def upload_and_note(folder: Path, seed: int) -> Journal:
    """Store contents from several sides at once; return the notes of every step."""
    journal = Journal(folder)
    with journal.planted():
        blobs = DiskBlobs(folder / "media")
        await asyncio.gather(*(_upload(blobs, journal, random.Random(f"{seed}/{lane}")) for lane in range(LANES)))
        await blobs.close()
    return journal


async def cut_again_and_again(folder: Path, cuts: int) -> int:
    """Cut the power after any step, several times a journal; raise ``Lost`` where a promise is broken."""
    chance = random.Random(cuts)
    seen = 0
    for life in range(max(1, cuts // 50)):
        place = folder / f"life-{life}"
        place.mkdir()
        journal = await upload_and_note(place, life)
        for _ in range(50):
            remains = Remains(journal.steps[: chance.randint(0, len(journal.steps))], chance)
            compare(remains)
            seen += len(remains.acknowledged)
    return seen


def compare(remains: Remains) -> None:
    """Hold what is left against what was promised."""
    visible = {path: content for path, content in remains.files().items() if "incoming" not in Path(path).parts}
    for path, content in visible.items():
        if hashlib.sha256(content).hexdigest() != os.path.basename(path):
            raise Lost(f"{path} is not what its name says")
    missing = remains.acknowledged - {os.path.basename(path) for path in visible}
    if missing:
        raise Lost(f"acknowledged, but gone: {missing}")


async def _upload(blobs: DiskBlobs, journal: Journal, chance: random.Random) -> None:
    for _ in range(ROUNDS):
        seed = chance.randrange(CONTENTS)
        upload = await blobs.begin()
        await upload.add(content_of(1000 * (seed + 1), seed))
        journal.acknowledge(await upload.keep())
        await upload.discard()


async def test_what_was_acknowledged_survives_every_power_cut(tmp_path: Path) -> None:
    seen = await cut_again_and_again(tmp_path, effort("upload_power_cuts"))
    assert seen > effort("upload_power_cuts"), "hardly anything was stored"


@contextmanager
def not_syncing_contents() -> Iterator[None]:
    """A file is named before its bytes are on the disk."""
    with patch.object(incoming.Spool, "sync", lambda self: None):
        yield


@contextmanager
def not_syncing_names() -> Iterator[None]:
    """No folder is synced."""
    with patch.object(disk, "_sync", lambda folder: None):
        yield


@contextmanager
def not_syncing_new_folders() -> Iterator[None]:
    """Only the innermost folder is synced, as if those above it had always been there."""

    class Everything(set[Path]):
        def __contains__(self, _: object) -> bool:
            return True

    make = DiskBlobs.__init__

    def trusting(self: DiskBlobs, folder: Path) -> None:
        make(self, folder)
        self._durable = Everything()

    with patch.object(DiskBlobs, "__init__", trusting):
        yield


@contextmanager
def trusting_what_is_there() -> Iterator[None]:
    """Whoever finds the content there does not ask whether it has reached the disk."""
    put = DiskBlobs._put  # noqa: SLF001

    def hasty(self: DiskBlobs, spool: Any, path: Path, size: int) -> None:
        if path.exists():
            spool.remove()
        else:
            put(self, spool, path, size)

    with patch.object(DiskBlobs, "_put", hasty):
        yield


@pytest.mark.parametrize(
    "bug", [not_syncing_contents, not_syncing_names, not_syncing_new_folders, trusting_what_is_there]
)
async def test_a_planted_bug_is_found(tmp_path: Path, bug: Callable[[], AbstractContextManager[None]]) -> None:
    with bug(), pytest.raises(Lost):
        await cut_again_and_again(tmp_path, effort("upload_power_cuts"))
