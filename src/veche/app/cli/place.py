"""Which server a command means: the options ``--data`` and ``--set``, and the settings that result from them."""

import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from veche.app.settings import BadSetting, Values, gather

F = TypeVar("F", bound=Callable[..., Any])


def with_place(command: F) -> F:
    """Give a command the options that say where the server lives."""
    command = click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="Any setting; see veche.toml.")(
        command
    )
    folder = click.Path(path_type=Path, file_okay=False)
    return click.option("--data", type=folder, default=Path("data"), show_default=True, help="Data folder.")(command)


def read_settings(data: Path, line: list[str]) -> Values:
    """Gather the settings of a data folder, the environment and the command line; raises ``BadSetting``."""
    file = data / "veche.toml"
    try:
        given = tomllib.loads(file.read_text()) if file.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise BadSetting(f"veche.toml: {fault}") from None
    return gather(given, os.environ, line)
