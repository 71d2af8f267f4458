"""``veche token``: registration tokens, with which people make their own accounts."""

import time
from pathlib import Path
from typing import Any

import click

from veche.app.cli.place import with_place
from veche.domain.sessions import Role

_DAY_MS = 86_400_000


@click.group()
def token() -> None:
    """Registration tokens: add, list, revoke."""


@token.command()
@click.argument("text", required=False)
@click.option(
    "--uses", type=click.IntRange(min=1), help="How many accounts may be made with it; without limit if absent."
)
@click.option("--days", type=click.IntRange(1, 36_500), help="How many days it is good for; for ever if absent.")
@click.option("--admin", is_flag=True, help="Who registers with it becomes an administrator; needs --uses and --days.")
@click.option(
    "--room", "rooms", multiple=True, help="Id or alias of a room to join, also a closed one; may be repeated."
)
@with_place
def add(
    text: str | None,
    uses: int | None,
    days: int | None,
    admin: bool,
    rooms: tuple[str, ...],
    data: Path,
    pairs: tuple[str, ...],
) -> None:
    """Make a registration token and print it; TEXT is made up if absent."""
    from veche.app.actions import AddToken
    from veche.app.cli.reach import reach

    lifetime_ms = None if days is None else days * _DAY_MS
    role: Role = "administrator" if admin else "user"
    click.echo(reach(data, pairs, AddToken(text, uses, lifetime_ms, role, rooms)))


@token.command(name="list")
@with_place
def list_tokens(data: Path, pairs: tuple[str, ...]) -> None:
    """List all registration tokens."""
    from veche.app.actions import ListTokens
    from veche.app.cli.reach import reach

    for row in reach(data, pairs, ListTokens()):
        allowed = "any number" if row["uses_allowed"] is None else row["uses_allowed"]
        cells = [row["token"], _state(row), f"used {row['uses_done']} of {allowed}", _end(row), row["role"]]
        click.echo("\t".join([*cells, *row["rooms"]]))


@token.command()
@click.argument("text")
@with_place
def revoke(text: str, data: Path, pairs: tuple[str, ...]) -> None:
    """Make a registration token invalid from now on."""
    from veche.app.actions import RevokeToken
    from veche.app.cli.reach import reach

    click.echo(f"{reach(data, pairs, RevokeToken(text))} is no longer valid.")


def _state(row: dict[str, Any]) -> str:
    if row["revoked_ts"] is not None:
        return "revoked"
    if row["expires_ts"] is not None and row["expires_ts"] <= time.time() * 1000:
        return "expired"
    is_used_up = row["uses_allowed"] is not None and row["uses_done"] >= row["uses_allowed"]
    return "used up" if is_used_up else "valid"


def _end(row: dict[str, Any]) -> str:
    if row["expires_ts"] is None:
        return "for ever"
    return time.strftime("until %Y-%m-%d %H:%M", time.localtime(row["expires_ts"] / 1000))
