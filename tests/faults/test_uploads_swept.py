"""Between the store and the row contents are only held: let go too early they are lost, and forgotten they stay."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest

from tests.commands import test_media_refused, test_media_sweeping
from tests.faults import test_uploads
from tests.stage.world import World
from veche.commands.media import keeping
from veche.domain.ids import Digest
from veche.live.media import Doom, Doomed, Uploads
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


@contextmanager
def renewing_every_intention() -> Iterator[None]:
    """Whoever means to delete contents does so for everybody who ever meant to."""
    doom, all_dooms = Doomed.doom, list[Doom]()

    @contextmanager
    def shared(self: Doomed, digest: Digest) -> Iterator[Doom]:
        with doom(self, digest) as made:
            all_dooms.append(made)
            for other in all_dooms:
                other.is_spared = False
            yield made

    with patch.object(Doomed, "doom", shared):
        yield


@contextmanager
def leaving_what_was_refused() -> Iterator[None]:
    """What was stored for a row that was refused is left to the sweep."""

    async def leave(*_: object) -> None:
        """Nothing is deleted."""

    with patch.object(keeping, "_delete", leave):
        yield


@contextmanager
def counting_only_rows() -> Iterator[None]:
    """What is on its way is not counted against a quota."""
    with patch.object(Uploads, "besides", lambda *_: (0, 0)):
        yield


async def test_letting_go_too_early_is_found(world: World) -> None:
    with releasing_before_the_commit(), pytest.raises(AssertionError):
        await test_uploads.test_a_sweep_that_never_rests_takes_nothing_that_is_wanted(world)


async def test_deleting_what_came_again_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with not_sparing(), pytest.raises(AssertionError):
        await test_media_sweeping.test_contents_that_came_between_the_look_and_the_deletion_are_not_lost(
            world, monkeypatch
        )


async def test_deleting_for_somebody_elses_reason_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with renewing_every_intention(), pytest.raises(AssertionError):
        await test_media_refused.test_an_intention_to_delete_is_not_renewed_by_a_later_one(world, monkeypatch)


async def test_leaving_what_was_refused_is_found(world: World) -> None:
    with leaving_what_was_refused(), pytest.raises(AssertionError):
        await test_media_refused.test_of_fills_that_lose_nothing_stays(world)


@test_media_refused.SMALL
async def test_counting_only_rows_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with counting_only_rows(), pytest.raises(AssertionError):
        await test_media_refused.test_uploads_at_the_same_time_share_what_is_left(world, monkeypatch)
