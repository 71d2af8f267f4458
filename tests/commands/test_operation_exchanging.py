"""Sealed backups in the hands of somebody who may write where they lie: what was exchanged or forged is noticed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stage.backups import SECRET, assert_named, cut, flip, made, office_of, opened, verified
from tests.stage.world import World
from veche.commands.operation.restoring import find_backup
from veche.storage.operation.faults import BackupFault, Damaged

pytestmark = pytest.mark.usefixtures("cheap_key")


@pytest.mark.parametrize("harm", [flip, cut, Path.unlink])
async def test_names_beside_a_sealed_backup_are_verified(
    world: World, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    await office_of(world)
    backup = opened(await made(world, tmp_path / "b", SECRET), SECRET)
    harm(backup.folder / "media.names")
    assert_named(verified(backup, tmp_path), "media.names|list of files")


async def test_a_sealed_backup_cannot_be_exchanged_for_an_unsealed_one(world: World, tmp_path: Path) -> None:
    await office_of(world)
    sealed = await made(world, tmp_path / "b", SECRET)
    plain = await made(world, tmp_path / "c")
    for path in filter(Path.is_file, plain.iterdir()):
        shutil.copy(path, sealed / path.name)
    with pytest.raises(Damaged, match="two manifests"):
        find_backup(sealed, lambda: SECRET)
    (sealed / "manifest.sealed").unlink()
    with pytest.raises(BackupFault, match="is not sealed"):
        find_backup(sealed, lambda: SECRET, must_be_sealed=True)
    assert find_backup(sealed, lambda: "").manifest.server_name == "veche.test"
