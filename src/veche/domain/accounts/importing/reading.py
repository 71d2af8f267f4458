"""From a table's text to its lines, with everything that is wrong in it by the number of the line.

What the server thinks of a line (is the name taken, is the password strong) is not known here.
"""

import csv
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from veche.domain.accounts.importing.columns import (
    FULL_NAME,
    MAIL,
    NAME,
    PASSWORD,
    ROLE,
    ROOMS,
    SEPARATORS,
    column_called,
    role_called,
    separator_of,
)
from veche.domain.accounts.importing.decoding import Unreadable, decoded
from veche.domain.accounts.names import folded
from veche.domain.sessions import Role

MOST_LINES: Final = 10_000
_MOST_SHOWN: Final = 60
_SEPARATOR_LINE: Final = re.compile(r'"?sep=([,;\t])"?\n')


class NewPerson(msgspec.Struct, frozen=True):
    """Somebody who is to have an account; ``rooms`` are ids or aliases, ``password`` is empty until one is made up."""

    name: str
    full_name: str = ""
    role: Role = "user"
    password: str = ""
    rooms: tuple[str, ...] = ()


class Line(msgspec.Struct, frozen=True):
    """A good line of the table: its number in the file, as an editor shows it, and who stands there."""

    number: int
    person: NewPerson


class LineFault(msgspec.Struct, frozen=True):
    """What is wrong in a line."""

    number: int
    text: str


class Sheet(msgspec.Struct, frozen=True):
    """A table that was read: the lines that make sense so far, what is wrong with others, what was passed over."""

    lines: tuple[Line, ...] = ()
    faults: tuple[LineFault, ...] = ()
    notes: tuple[str, ...] = ()


def read_sheet(data: bytes) -> Sheet:
    """Read a table in CSV: cells parted by comma, semicolon or tabulator, the first line naming the columns."""
    try:
        rows = _rows(decoded(data))
        number, header = next(rows, (1, []))
        columns, faults = _columns(number, header)
        return Sheet(faults=tuple(faults)) if faults else _sheet(columns, rows)
    except Unreadable as fault:
        return Sheet(faults=(LineFault(fault.number, str(fault)),))


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (number of its first line, cells) of each row that is not empty."""
    named = _SEPARATOR_LINE.match(text)  # written by some spreadsheets for others
    before = 0 if named is None else 1
    text = text if named is None else text[named.end() :]
    mark = named[1] if named else separator_of(text.lstrip("\n").partition("\n")[0])
    reader = csv.reader(re.findall(r"[^\n]*\n|[^\n]+", text), delimiter=mark, strict=True)
    count = 0
    while True:
        number = before + reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as fault:
            raise Unreadable(f"From here on the cells cannot be told apart: {fault}.", number) from None
        if any(cells):
            if count > MOST_LINES:
                raise Unreadable(f"A table has at most {MOST_LINES} people; cut it in parts.", number)
            count += 1
            yield number, cells


def _columns(number: int, header: list[str]) -> tuple[list[str], list[LineFault]]:
    columns = [column_called(cell) if cell else "" for cell in header]
    faults = [
        LineFault(number, f"There is no column called {_shown(cell)}.")
        for cell, column in zip(header, columns, strict=True)
        if column is None
    ]
    known = [column for column in columns if column]
    twice = sorted({column for column in known if known.count(column) > 1})
    faults += [LineFault(number, f"There are several columns for the {column}.") for column in twice]
    if NAME not in known:
        text = "The first line has to name the columns; there is none called user name"
        faults.append(LineFault(number, f"{text} (parted by {', '.join(map(repr, SEPARATORS))})."))
    return [column or "" for column in columns], faults


def _sheet(columns: list[str], rows: Iterator[tuple[int, list[str]]]) -> Sheet:
    lines: list[Line] = []
    faults: list[LineFault] = []
    seen: dict[str, int] = {}
    try:
        for number, cells in rows:
            person, wrong = _person(dict(zip(columns, cells, strict=False)), len(cells) - len(columns))
            name = folded(person.name)
            if name and seen.setdefault(name, number) != number:
                wrong.append(f"{_shown(name)} stands in line {seen[name]} already.")
            faults += [LineFault(number, text) for text in wrong]
            if not wrong:
                lines.append(Line(number, person))
    except Unreadable as fault:
        faults.append(LineFault(fault.number, str(fault)))
    notes = ("The column for e-mail is passed over: accounts have no addresses here.",) if MAIL in columns else ()
    return Sheet(tuple(lines), tuple(faults), notes)


def _person(cells: dict[str, str], surplus: int) -> tuple[NewPerson, list[str]]:
    wrong = [f"There are {surplus} more cells than columns."] if surplus > 0 else []
    full_name, role = cells.get(FULL_NAME, ""), role_called(cells.get(ROLE, ""))
    if is_formula(full_name):
        wrong.append(f"The full name {_shown(full_name)} looks like a formula.")
    if role is None:
        wrong.append(f"There is no role called {_shown(cells[ROLE])}; there are user and administrator.")
    rooms = tuple(re.split(r"[\s,;|]+", cells.get(ROOMS, "")))
    known: dict[str, Any] = {"name": cells.get(NAME, ""), "full_name": full_name, "password": cells.get(PASSWORD, "")}
    return NewPerson(**known, role=role or "user", rooms=tuple(filter(None, rooms))), wrong


def is_formula(cell: str) -> bool:
    """Say whether a spreadsheet would take a cell for a formula."""
    return cell[:1] in ("=", "+", "-", "@", "\t", "\r")


def _shown(text: str) -> str:
    return repr(text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "…")
