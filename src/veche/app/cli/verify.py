"""``veche verify``: is a backup whole, and can it be restored?"""

import os
import tempfile
import time
from functools import partial
from pathlib import Path

import click

from veche.app.cli.faults import Declined, Fault
from veche.app.cli.passphrase import in_file, passphrase_from


@click.command()
@click.argument("found", metavar="BACKUP", type=click.Path(path_type=Path, file_okay=False))
@in_file
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Where there is room for the database meanwhile; the system's temporary folder if absent.",
)
def verify(found: Path, passphrase_file: Path | None, work: Path | None) -> None:
    """Restore BACKUP into a temporary place and compare everything; of a folder of backups the newest is taken."""
    from veche.commands.operation.restoring import find_backup
    from veche.commands.operation.verifying import verify as check
    from veche.storage.engines.sqlite import SqliteEngine
    from veche.storage.operation.faults import BackupFault

    os.umask(0o077)
    try:
        ask = partial(passphrase_from, passphrase_file, is_new=False)
        backup = find_backup(found, ask, must_be_sealed=passphrase_file is not None)
        with tempfile.TemporaryDirectory(prefix="veche-verify-", dir=work) as folder:
            place = Path(folder)
            wrong = list(check(backup, SqliteEngine(place / "veche.sqlite3"), place, _show))
    except (BackupFault, OSError) as fault:
        raise Fault(str(fault)) from None
    for sentence in wrong:
        click.echo(sentence)
    manifest = backup.manifest
    if wrong:
        raise Declined(f"{backup.folder} is damaged")
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime(manifest.made_ts / 1000))
    rows = sum(table.rows for table in manifest.tables.values())
    click.echo(f"{backup.folder} is whole: {manifest.server_name} on {made}, position {manifest.position},")
    click.echo(f"{rows:,} rows, {manifest.contents.count:,} files, {manifest.bytes / 1e6:,.1f} MB.")
    for digest in manifest.contents.missing:
        click.echo(f"The server had lost this file before: {digest}")


def _show(stage: str) -> None:
    click.echo(f"comparing {stage} …", err=True)
