"""The nightly backup: made where a folder is set, sealed where a passphrase's file is, and otherwise never."""

from pathlib import Path

import msgspec

from tests.cast import ANNA
from tests.stage.world import World
from veche.commands.context import Context
from veche.domain.sessions import OPERATOR
from veche.queries.operation import backup_state
from veche.storage.operation.manifests import open_backup
from veche.workers.operation import keep_backups


def limited(world: World, folder: str, secret: str = "") -> Context:
    """The commands of a world with these settings."""
    limits = msgspec.structs.replace(
        world.commands.limits, backup_folder=folder, backup_passphrase_file=secret, backup_copies=1
    )
    return msgspec.structs.replace(world.commands, limits=limits)


async def test_without_a_folder_none_is_made(world: World) -> None:
    await keep_backups(limited(world, ""))
    assert world.queries.live.condition.backups.number == 0


async def test_it_is_made_and_told_of(world: World, tmp_path: Path) -> None:
    await world.person(ANNA)
    (tmp_path / "secret").touch(0o600)
    (tmp_path / "secret").write_text("a long passphrase\nand a note\n")
    ctx = limited(world, str(tmp_path / "b"), str(tmp_path / "secret"))
    await keep_backups(ctx)
    await keep_backups(ctx)  # the first is under way, or was just made
    outcome = (await backup_state(world.queries, OPERATOR, 60)).outcome
    assert outcome is not None
    assert outcome.fault is None
    assert open_backup(Path(outcome.folder), lambda: "a long passphrase").manifest.tables["accounts"].rows == 1
    assert world.queries.live.condition.backups.number == 1
