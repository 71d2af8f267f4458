"""Looking after people: the commands of ``veche user`` that lock, rename, reset, sign out and show; ``veche audit``."""

import time
from pathlib import Path
from typing import Any

import click

from veche.app.cli.place import with_place

_DAY_MS = 86_400_000
_REASON = click.option("--reason", default="", help="Why; other administrators can read it.")
_DAYS = click.option("--days", type=click.IntRange(1, 36_500), help="For how many days; until it is undone if absent.")
_LIMIT = click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="How many to show.")
_CLASSES = click.Choice(("lower", "upper", "digit", "symbol", "none"))


@click.command()
@click.argument("name")
@_REASON
@_DAYS
@with_place
def lock(name: str, reason: str, days: int | None, data: Path, pairs: tuple[str, ...]) -> None:
    """Lock somebody out; their sessions work again when it ends."""
    click.echo(f"{_restrict(name, 'lock', reason, days, data, pairs)} is locked out{_for(days)}.")


@click.command()
@click.argument("name")
@_REASON
@with_place
def unlock(name: str, reason: str, data: Path, pairs: tuple[str, ...]) -> None:
    """Let somebody in again."""
    click.echo(f"{_free(name, 'lock', reason, data, pairs)} is not locked.")


@click.command()
@click.argument("name")
@_REASON
@_DAYS
@with_place
def suspend(name: str, reason: str, days: int | None, data: Path, pairs: tuple[str, ...]) -> None:
    """Let somebody read only."""
    click.echo(f"{_restrict(name, 'suspension', reason, days, data, pairs)} can only read{_for(days)}.")


@click.command()
@click.argument("name")
@_REASON
@with_place
def unsuspend(name: str, reason: str, data: Path, pairs: tuple[str, ...]) -> None:
    """Let somebody write again."""
    click.echo(f"{_free(name, 'suspension', reason, data, pairs)} is not suspended.")


@click.command()
@click.argument("name")
@click.argument("display_name")
@with_place
def rename(name: str, display_name: str, data: Path, pairs: tuple[str, ...]) -> None:
    """Give somebody another display name; an empty one takes it away."""
    from veche.app.actions.care import RenameUser
    from veche.app.cli.reach import reach

    renamed = reach(data, pairs, RenameUser(name, display_name))
    click.echo(f"{renamed} is called {display_name!r} now." if display_name else f"{renamed} has no name now.")


@click.command(name="reset-code")
@click.argument("name")
@with_place
def reset_code(name: str, data: Path, pairs: tuple[str, ...]) -> None:
    """Make a code with which somebody who forgot their password can choose a new one, at the page /reset."""
    from veche.app.actions.care import MakeResetCode
    from veche.app.cli.reach import reach

    made = reach(data, pairs, MakeResetCode(name))
    click.echo(f"{made['code']}\tgood for one time, until {_minute(made['expires_ts'])}")


@click.command()
@click.argument("name")
@with_place
def sessions(name: str, data: Path, pairs: tuple[str, ...]) -> None:
    """List somebody's sessions: where they came from, with what, and when they were last used."""
    from veche.app.actions.care import ListSessions
    from veche.app.cli.reach import reach

    for row in reach(data, pairs, ListSessions(name)):
        used = "connected" if row["is_connected"] else _minute(row["last_seen_ts"])
        place = _place(row["last_seen_ip"], row["last_seen_port"])
        click.echo(f"{row['device_id']}\t{used}\t{place}\t{row['client'] or '-'}\t{row['display_name'] or '-'}")


@click.command(name="sign-out")
@click.argument("name")
@click.option("--session", help="Only this one; all if absent.")
@with_place
def sign_out(name: str, session: str | None, data: Path, pairs: tuple[str, ...]) -> None:
    """End sessions of somebody."""
    from veche.app.actions.care import SignOut
    from veche.app.cli.reach import reach

    whose = reach(data, pairs, SignOut(name, session))
    click.echo(f"{whose} is signed out {'everywhere' if session is None else f'of {session}'}.")


@click.command()
@click.argument("name")
@_LIMIT
@with_place
def history(name: str, limit: int, data: Path, pairs: tuple[str, ...]) -> None:
    """Show who signed in as somebody, or tried to: when, how, from where and with what."""
    from veche.app.actions.care import ListSignIns
    from veche.app.cli.reach import reach

    for row in reach(data, pairs, ListSignIns(name, limit)):
        place = _place(row["address"], row["port"])
        click.echo(f"{_minute(row['ts'])}\t{row['method']}\t{row['outcome']}\t{place}\t{row['client'] or '-'}")


@click.command()
@click.option("--least-length", type=click.IntRange(1, 1000), help="The least number of characters.")
@click.option("--class", "classes", type=_CLASSES, multiple=True, help="Must be in it; may be given several times.")
@click.option("--user-name/--no-user-name", default=None, help="Whether the user name may stand in it.")
@click.option("--common/--no-common", default=None, help="Whether it may be one that everybody tries first.")
@click.option("--current/--no-current", default=None, help="Whether it may be the one that is to be replaced.")
@click.option("--maximum-age-days", type=click.IntRange(0, 3650), help="When it is too old to sign in with; 0: never.")
@with_place
def policy(data: Path, pairs: tuple[str, ...], classes: tuple[str, ...], **wanted: Any) -> None:
    """Show what passwords must be like, or change it for those that are chosen from now on."""
    from veche.app.actions.care import ChangePolicy
    from veche.app.cli.reach import reach
    from veche.domain.accounts.passwords import PolicyChange

    forbidden = {f"forbids_{name}": wanted.pop(name) for name in ("user_name", "common", "current")}
    turned = {name: None if value is None else not value for name, value in forbidden.items()}
    chosen: Any = tuple(one for one in classes if one != "none") if classes else None
    for name, value in reach(data, pairs, ChangePolicy(PolicyChange(classes=chosen, **turned, **wanted))).items():
        click.echo(f"{name}\t{_shown(value)}")


@click.command()
@_LIMIT
@with_place
def audit(limit: int, data: Path, pairs: tuple[str, ...]) -> None:
    """Show what administrators did: when, who, what, to whom and why."""
    from veche.app.actions.care import ListActs
    from veche.app.cli.reach import reach

    for row in reach(data, pairs, ListActs(limit)):
        by = row["by"] or "the operator"
        click.echo(f"{_minute(row['ts'])}\t{by}\t{row['what']}\t{row['whom'] or '-'}\t{row['reason'] or '-'}")


USER = (lock, unlock, suspend, unsuspend, rename, reset_code, sessions, sign_out, history, policy)
"""What belongs below ``veche user``."""


def _restrict(name: str, kind: Any, reason: str, days: int | None, data: Path, pairs: tuple[str, ...]) -> str:
    from veche.app.actions.care import RestrictUser
    from veche.app.cli.reach import reach

    return str(reach(data, pairs, RestrictUser(name, kind, None if days is None else days * _DAY_MS, reason)))


def _free(name: str, kind: Any, reason: str, data: Path, pairs: tuple[str, ...]) -> str:
    from veche.app.actions.care import FreeUser
    from veche.app.cli.reach import reach

    return str(reach(data, pairs, FreeUser(name, kind, reason)))


def _for(days: int | None) -> str:
    return "" if days is None else f" for {days} day{'s' if days > 1 else ''}"


def _minute(ts: int | None) -> str:
    return "-" if ts is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(ts / 1000))


def _place(address: str | None, port: int | None) -> str:
    if not address:
        return "-"
    shown = f"[{address}]" if ":" in address else address
    return f"{shown}:{port}" if port else shown


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(value) or "none" if isinstance(value, list | tuple) else str(value)
