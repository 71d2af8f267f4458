"""Between the store and the row contents are only held: who lets them go too early loses them to a sweep."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest

from tests.commands import test_media_sweeping
from tests.faults import test_uploads
from tests.stage.world import World
from veche.domain.ids import Digest
from veche.live.media import Doomed
from veche.storage.blobs.incoming import IncomingFile

MOMENT_SECONDS = 0.02


@contextmanager
def releasing_before_the_commit() -> Iterator[None]:
    """Contents are let go as soon as they are stored, and the row comes a moment later."""
    keep = IncomingFile.keep

    async def hasty(self: IncomingFile) -> Digest:
        digest = await keep(self)
        self.release()
        await asyncio.sleep(MOMENT_SECONDS)
        return digest

    with patch.object(IncomingFile, "keep", hasty):
        yield


@contextmanager
def not_sparing() -> Iterator[None]:
    """Whoever means to delete contents is not told that they came again."""
    with patch.object(Doomed, "spare", lambda *_: None):
        yield


async def test_letting_go_too_early_is_found(world: World) -> None:
    with releasing_before_the_commit(), pytest.raises(AssertionError):
        await test_uploads.test_a_sweep_that_never_rests_takes_nothing_that_is_wanted(world)


async def test_deleting_what_came_again_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with not_sparing(), pytest.raises(AssertionError):
        await test_media_sweeping.test_contents_that_came_between_the_look_and_the_deletion_are_not_lost(
            world, monkeypatch
        )
