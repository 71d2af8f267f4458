"""The ``veche`` command: one file per noun."""

import click

from veche import __version__
from veche.app.cli.backup import backup
from veche.app.cli.care import audit
from veche.app.cli.mail import mail
from veche.app.cli.reports import reports
from veche.app.cli.restore import restore
from veche.app.cli.search import search
from veche.app.cli.serve import serve
from veche.app.cli.service import service
from veche.app.cli.tls import tls
from veche.app.cli.token import token
from veche.app.cli.user import user
from veche.app.cli.verify import verify


@click.group()
@click.version_option(__version__, prog_name="veche")
def main() -> None:
    """Veche, a self-hosted workplace."""


main.add_command(audit)
main.add_command(backup)
main.add_command(mail)
main.add_command(reports)
main.add_command(restore)
main.add_command(search)
main.add_command(serve)
main.add_command(service)
main.add_command(tls)
main.add_command(token)
main.add_command(user)
main.add_command(verify)
