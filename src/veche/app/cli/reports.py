"""``veche reports``: what people reported, for whoever runs the server."""

import json
import time
from pathlib import Path
from typing import Any

import click

from veche.app.cli.place import with_place


@click.group()
def reports() -> None:
    """What people reported: events, rooms and other people."""


@reports.command(name="list")
@click.option("--state", type=click.Choice(("open", "closed", "all")), default="open", show_default=True)
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="How many to show.")
@with_place
def list_reports(state: str, limit: int, data: Path, pairs: tuple[str, ...]) -> None:
    """List reports, the newest first: number, when, by whom, about what, why."""
    from veche.app.actions import ListReports
    from veche.app.cli.reach import reach

    wanted: Any = None if state == "all" else state
    for row in reach(data, pairs, ListReports(wanted, limit)):
        cells = (
            str(row["number"]),
            row["state"],
            _minute(row["ts"]),
            row["reporter"],
            _about(row),
            _line(row["reason"]),
        )
        click.echo("\t".join(cells))


@reports.command()
@click.argument("number", type=click.IntRange(1, 2**53))
@with_place
def show(number: int, data: Path, pairs: tuple[str, ...]) -> None:
    """Show one report, with what a reported event said when it was reported."""
    from veche.app.actions import ShowReport
    from veche.app.cli.reach import reach

    found = reach(data, pairs, ShowReport(number))
    for name, value in found["report"].items():
        if value not in (None, ""):
            click.echo(f"{name}\t{_minute(value) if name.endswith('ts') else _line(str(value))}")
    for event in found["events"]:
        click.echo(json.dumps(event, ensure_ascii=True))
    if found["is_redacted"]:
        click.echo("The event has been redacted since.")


@reports.command()
@click.argument("number", type=click.IntRange(1, 2**53))
@click.option("--note", default="", help="What became of it; administrators can read it.")
@with_place
def close(number: int, note: str, data: Path, pairs: tuple[str, ...]) -> None:
    """Close a report."""
    from veche.app.actions import CloseReport
    from veche.app.cli.reach import reach

    click.echo(f"Report {reach(data, pairs, CloseReport(number, note))} is closed.")


def _about(row: dict[str, Any]) -> str:
    parts = [row["kind"], row["event_id"], row["user_id"], row["room_id"]]
    return " ".join(part for part in parts if part)


def _line(text: str) -> str:
    """What people wrote stays on one line and moves no cursor."""
    return "".join(letter if letter.isprintable() else " " for letter in text) or "-"


def _minute(ts: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(ts / 1000))
