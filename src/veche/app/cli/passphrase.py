"""Passphrases of backups: out of a file, or asked for at the terminal."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from veche.app.cli.faults import Fault

F = TypeVar("F", bound=Callable[..., Any])

in_file = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file whose first line is the passphrase.",
)
"""The option of all commands that read or write backups."""


def passphrase_from(file: Path | None, *, is_new: bool) -> str:
    """Return the passphrase out of a file, or ask for it; a new one is asked for twice."""
    from veche.storage.operation.faults import WrongPassphrase
    from veche.storage.operation.passphrases import read_passphrase

    if file is None and not sys.stdin.isatty():
        raise Fault("the backup is sealed: name the passphrase's file with --passphrase-file")
    try:
        return read_passphrase(file) if file else str(_asked(is_new=is_new))
    except WrongPassphrase as fault:
        raise Fault(str(fault)) from None


def _asked(*, is_new: bool) -> object:
    return click.prompt("Passphrase", hide_input=True, confirmation_prompt=is_new, err=True)
