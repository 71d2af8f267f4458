"""``veche backup``: everything the server keeps, copied while it runs."""

import sys
from pathlib import Path
from typing import Any

import click

from veche.app.cli.faults import Declined
from veche.app.cli.passphrase import in_file, passphrase_from
from veche.app.cli.place import with_place

_SECONDS = 1.0


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--passphrase", "is_sealed", is_flag=True, help="Seal it; the passphrase is asked for.")
@in_file
@with_place
def backup(folder: Path, is_sealed: bool, passphrase_file: Path | None, data: Path, pairs: tuple[str, ...]) -> None:
    """Make a backup in FOLDER, beside earlier ones, of a server that runs or rests.

    It holds the database, all files, the settings and the keys. With --passphrase or --passphrase-file it is sealed.
    """
    from veche.app.actions import AwaitBackup, BeginBackup
    from veche.app.cli.reach import reaching

    is_sealed = is_sealed or passphrase_file is not None
    passphrase = passphrase_from(passphrase_file, is_new=True) if is_sealed else None
    with reaching(data, pairs) as do:
        do(BeginBackup(str(folder.absolute()), passphrase))
        while (state := do(AwaitBackup(_SECONDS)))["outcome"] is None:
            _show(state)
    _tell(state["outcome"])


def _show(state: dict[str, Any]) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{state['stage']}, {state['done'] / 1e6:,.0f} MB written ", nl=False, err=True)


def _tell(outcome: dict[str, Any]) -> None:
    if sys.stderr.isatty():
        click.echo("", err=True)
    if outcome["fault"] is not None:
        raise Declined(f"no backup was made: {outcome['fault']}")
    click.echo(f"{outcome['folder']}: {outcome['bytes'] / 1e6:,.1f} MB, up to position {outcome['position']}.")
    if outcome["missing"]:
        click.echo(f"{outcome['missing']} files had been lost from the store before; the log names them.")
