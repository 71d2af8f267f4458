"""``veche restore``: a backup becomes a data folder again."""

import asyncio
import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from veche.app.cli.faults import Fault
from veche.app.cli.passphrase import in_file, passphrase_from
from veche.app.cli.place import read_settings, with_place
from veche.app.settings import BadSetting, read

if TYPE_CHECKING:
    from veche.commands.operation.restoring import Restored, Stores


@click.command()
@click.argument("found", metavar="BACKUP", type=click.Path(path_type=Path, file_okay=False))
@in_file
@click.option("--despite-lost-files", "leaves_out", is_flag=True, help="Restore what is left where files are damaged.")
@with_place
def restore(found: Path, passphrase_file: Path | None, leaves_out: bool, data: Path, pairs: tuple[str, ...]) -> None:
    """Restore BACKUP into the empty folder --data; of a folder of backups the newest is taken.

    Settings given with --set are written into the restored veche.toml: another database, for example.
    """
    from veche.app.folder import Occupied, held_folder
    from veche.commands.operation.restoring import find_backup
    from veche.commands.operation.restoring import restore as put_back
    from veche.domain.refusals import Refused
    from veche.storage.blobs import BlobFault
    from veche.storage.engines import StorageFault
    from veche.storage.operation.faults import BackupFault

    os.umask(0o077)
    try:
        ask = partial(passphrase_from, passphrase_file, is_new=False)
        backup = find_backup(found, ask, must_be_sealed=passphrase_file is not None)
        with held_folder(data):
            stores = partial(_stores, data.absolute(), pairs)
            now = time.time_ns() // 1_000_000
            work = put_back(backup, data.absolute(), stores, now, leaves_out=leaves_out, tell=_show)
            restored = asyncio.run(work)
    except (BackupFault, StorageFault, BlobFault, BadSetting, Occupied, OSError) as fault:
        raise Fault(str(fault)) from None
    except Refused as refused:
        raise Fault(refused.refusal.text) from None
    _tell(restored, backup.folder, data)


def _stores(data: Path, pairs: tuple[str, ...]) -> "Stores":
    """Write what is given with ``--set`` into the restored settings, and open the stores that they name."""
    from veche.app.parts import open_engine
    from veche.app.settings.changing import changed
    from veche.app.stores import open_blobs
    from veche.commands.operation.restoring import Stores
    from veche.storage.operation.files import write_private

    path = data / "veche.toml"
    given = {name: read(name, value, "--set") for name, _, value in (pair.partition("=") for pair in pairs)}
    write_private(path, changed(path.read_text() if path.exists() else "", given).encode())
    values = read_settings(data, [])
    return Stores(open_engine(values, data), open_blobs(values, data))


def _show(stage: str) -> None:
    click.echo(f"restoring {stage} …", err=True)


def _tell(restored: "Restored", folder: Path, data: Path) -> None:
    for fault in restored.left_out:
        click.echo(f"left out: {fault}", err=True)
    manifest = restored.manifest
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime(manifest.made_ts / 1000))
    click.echo(f"{data} is {manifest.server_name} again, as it was on {made} ({folder.name}).")
    click.echo(f"Whatever was written later is lost. Start it with: veche serve --data {data}")
