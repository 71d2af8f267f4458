"""``veche mail``: whether letters leave, and how many wait. Also ``veche user addresses``."""

import time
from pathlib import Path
from typing import Any

import click

from veche.app.cli.place import with_place
from veche.domain.settings import LANGUAGES


@click.group()
def mail() -> None:
    """Letters that the server sends: test, status."""


@mail.command()
@click.argument("address")
@click.option("--language", type=click.Choice(LANGUAGES), help="As in mail_language if absent.")
@with_place
def test(address: str, language: Any, data: Path, pairs: tuple[str, ...]) -> None:
    """Send a letter to ADDRESS now, and say what came of it."""
    from veche.app.actions.mail import SendTestLetter
    from veche.app.cli.reach import reach

    reach(data, pairs, SendTestLetter(address, language))
    click.echo(f"The mail server took the letter to {address}.")


@mail.command()
@with_place
def status(data: Path, pairs: tuple[str, ...]) -> None:
    """Say how many letters wait to be sent."""
    from veche.app.actions.mail import CountLetters
    from veche.app.cli.reach import reach

    waiting = reach(data, pairs, CountLetters())
    click.echo(f"{waiting} letter{'' if waiting == 1 else 's'} waiting")


@click.command()
@click.argument("name")
@click.option("--remove", metavar="ADDRESS", help="Take this address away.")
@click.option("--reason", default="", help="Why; other administrators can read it.")
@with_place
def addresses(name: str, remove: str | None, reason: str, data: Path, pairs: tuple[str, ...]) -> None:
    """Show the mail addresses of somebody's account, or take one away."""
    from veche.app.actions.mail import ListAddresses, RemoveAddress
    from veche.app.cli.reach import reach

    if remove is not None:
        click.echo(f"{reach(data, pairs, RemoveAddress(name, remove, reason))} has {remove} no more.")
        return
    for row in reach(data, pairs, ListAddresses(name)):
        added = time.strftime("%Y-%m-%d", time.localtime(row["added_ts"] / 1000))
        click.echo(f"{row['address']}\tsince {added}")
