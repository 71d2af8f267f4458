"""The ``veche`` command: one file per noun."""

import click

from veche import __version__
from veche.app.cli.serve import serve
from veche.app.cli.token import token
from veche.app.cli.user import user


@click.group()
@click.version_option(__version__, prog_name="veche")
def main() -> None:
    """Veche, a self-hosted workplace."""


main.add_command(serve)
main.add_command(token)
main.add_command(user)
