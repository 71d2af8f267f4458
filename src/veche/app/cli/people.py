"""``veche user import``: many accounts from a table in CSV. What a line means is decided further down."""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from veche.app.cli.faults import Declined, Fault
from veche.app.cli.place import with_place

if TYPE_CHECKING:
    from veche.domain.accounts.importing import Line, LineFault

Do = Callable[[Any], Any]

JUDGED_AT_ONCE = 100
MADE_AT_ONCE = 20
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(name="import")
@click.argument("file", type=_FILE)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--skip-bad", is_flag=True, help="Pass over lines with faults instead of doing nothing at all.")
@click.option(
    "--passwords", type=_FILE, help="Where made-up passwords are written; FILE.passwords.csv beside FILE if absent."
)
@with_place
def import_people(
    file: Path, dry_run: bool, skip_bad: bool, passwords: Path | None, data: Path, pairs: tuple[str, ...]
) -> None:
    """Make the accounts that FILE lists: CSV with the columns user name, full name, role, password, rooms.

    Russian and French names of columns are understood as well; the cells are parted by comma, semicolon or tabulator.
    Where there is no password one is made up. Run again after an interruption, it goes on where it was.
    """
    from veche.app.cli.passwords import PasswordFile
    from veche.app.cli.reach import reaching
    from veche.domain.accounts.importing import read_sheet

    sheet = read_sheet(_contents(file))
    for note in sheet.notes:
        click.echo(note, err=True)
    with reaching(data, pairs) as do:
        book = PasswordFile(passwords or file.with_name(f"{file.stem}.passwords.csv"))
        lines = [book.completed(line) for line in sheet.lines]
        new, present, faults = _judged(do, lines)
        _show([*sheet.faults, *faults])
        bad = len({fault.number for fault in (*sheet.faults, *faults)})
        click.echo(f"{len(new)} new, {present} there already, {bad} with faults.")
        if bad and not skip_bad:
            raise Declined("nothing was done: mend these lines, or pass over them with --skip-bad")
        if new and not dry_run:
            _make(do, book, new)


def _contents(file: Path) -> bytes:
    """Read the table, or so much of it as shows that it is too large."""
    from veche.domain.accounts.importing.decoding import LARGEST_FILE

    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST_FILE + 1)
    except OSError as fault:
        raise Fault(f"{file}: {fault.strerror}") from None


def _judged(do: Do, lines: Sequence["Line"]) -> tuple[list["Line"], int, list["LineFault"]]:
    """Ask the server about everybody; return those without an account, how many have one, and what is wrong."""
    from veche.app.actions import JudgePeople
    from veche.domain.accounts.importing import LineFault

    new: list[Line] = []
    present, faults = 0, []
    for some in _slices(lines, JUDGED_AT_ONCE):
        for line, found in zip(some, do(JudgePeople(tuple(line.person for line in some))), strict=True):
            faults += [LineFault(line.number, text) for text in found["faults"]]
            present += found["state"] == "present"
            new += [line] if found["state"] == "new" else []
    return new, present, faults


def _make(do: Do, book: Any, lines: Sequence["Line"]) -> None:
    """Make the accounts, administrators first: the first one founds the rooms that the others join."""
    from veche.app.actions import ImportPeople
    from veche.domain.accounts.importing import LineFault

    made, faults = 0, []
    in_order = sorted(lines, key=lambda line: line.person.role != "administrator")
    with click.progressbar(length=len(lines), label="Making accounts", file=sys.stderr) as bar:
        for some in _slices(in_order, MADE_AT_ONCE):
            people = tuple(line.person for line in some)
            book.keep(people)
            for line, found in zip(some, do(ImportPeople(people)), strict=True):
                made += found["state"] == "new"
                faults += [LineFault(line.number, text) for text in found["faults"]]
            bar.update(len(some))
    _show(faults)
    click.echo(f"Accounts made: {made}.")
    if book.has_kept:
        click.echo(f"Made-up passwords stand in {book.path}, for your eyes only: hand them out, then delete the file.")
    if faults:
        raise Declined("some lines could not be done any more")


def _show(faults: Iterable["LineFault"]) -> None:
    for fault in sorted(faults, key=lambda fault: fault.number):
        click.echo(f"line {fault.number}: {fault.text}", err=True)


def _slices(lines: Sequence["Line"], size: int) -> Iterable[Sequence["Line"]]:
    return (lines[start : start + size] for start in range(0, len(lines), size))
