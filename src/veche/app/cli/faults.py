"""How the ``veche`` command fails: one line, and an exit code."""

from typing import IO, Any

import click


class Fault(click.ClickException):
    """It could not even be tried."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the one line."""
        click.echo(f"veche: {self.message}", err=True)


class Declined(Fault):
    """The server said no."""

    exit_code = 1
