"""``veche user``: accounts, for whoever runs the server."""

import sys
import time
from pathlib import Path

import click

from veche.app.cli.care import USER
from veche.app.cli.faults import Fault
from veche.app.cli.mail import addresses
from veche.app.cli.passwords import made_up_password
from veche.app.cli.people import import_people
from veche.app.cli.place import with_place


@click.group()
def user() -> None:
    """Accounts: making, listing and closing them, and looking after those who have one."""


user.add_command(addresses)
user.add_command(import_people)
for command in USER:
    user.add_command(command)


@user.command()
@click.argument("name")
@click.option("--admin", is_flag=True, help="Make it an administrator's.")
@click.option("--generate", is_flag=True, help="Make up a password and print it.")
@with_place
def add(name: str, admin: bool, generate: bool, data: Path, pairs: tuple[str, ...]) -> None:
    """Make an account. The password is asked for, or read from standard input where that is no terminal."""
    from veche.app.actions import AddUser
    from veche.app.cli.reach import reach

    password = _password(generate=generate)
    made = reach(data, pairs, AddUser(name, password, "administrator" if admin else "user"))
    click.echo(f"{made} can sign in now{', as an administrator' if admin else ''}.")
    _show(password, generate=generate)


@user.command(name="list")
@with_place
def list_users(data: Path, pairs: tuple[str, ...]) -> None:
    """List all accounts."""
    from veche.app.actions import ListUsers
    from veche.app.cli.reach import reach

    for row in reach(data, pairs, ListUsers()):
        state = "deactivated" if row["deactivated_ts"] is not None else row["role"]
        held = [name for name in ("lock", "suspension") if row[name] is not None]
        click.echo(f"{row['user_id']}\t{state}\tsince {_day(row['created_ts'])}\t{' '.join(held) or '-'}")


@user.command()
@click.argument("name")
@click.option("--generate", is_flag=True, help="Make up a password and print it.")
@with_place
def password(name: str, generate: bool, data: Path, pairs: tuple[str, ...]) -> None:
    """Give somebody a new password and end their sessions. It is asked for as with add."""
    from veche.app.actions import SetPassword
    from veche.app.cli.reach import reach

    chosen = _password(generate=generate)
    changed = reach(data, pairs, SetPassword(name, chosen))
    click.echo(f"{changed} has a new password and is signed out everywhere.")
    _show(chosen, generate=generate)


@user.command()
@click.argument("name")
@click.option(
    "--erase",
    is_flag=True,
    help="Delete the profile and private data too, and keep what they said from those who come later.",
)
@click.confirmation_option(prompt="A deactivated account cannot be opened again. Go on?")
@with_place
def deactivate(name: str, erase: bool, data: Path, pairs: tuple[str, ...]) -> None:
    """Close an account for good: it leaves all rooms and can no longer sign in."""
    from veche.app.actions import DeactivateUser
    from veche.app.cli.reach import reach

    closed = reach(data, pairs, DeactivateUser(name, erase))
    click.echo(f"{closed} is deactivated.")


@user.command()
@click.argument("name")
@click.option("--remove", is_flag=True, help="Make it an ordinary account again.")
@with_place
def admin(name: str, remove: bool, data: Path, pairs: tuple[str, ...]) -> None:
    """Make somebody an administrator."""
    from veche.app.actions import SetRole
    from veche.app.cli.reach import reach

    changed = reach(data, pairs, SetRole(name, "user" if remove else "administrator"))
    click.echo(f"{changed} is {'no longer' if remove else 'now'} an administrator.")


def _password(*, generate: bool) -> str:
    if generate:
        return made_up_password()
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    given = sys.stdin.readline().rstrip("\r\n")
    if not given:
        raise Fault("no password was given on standard input")
    return given


def _show(password: str, *, generate: bool) -> None:
    if generate:
        click.echo(f"password: {password}")


def _day(ts: int) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(ts / 1000))
