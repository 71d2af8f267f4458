"""Passwords that the command makes up, and the file in which those of imported people are kept until handed out."""

import csv
import io
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from msgspec.structs import replace

from veche.app.cli.faults import Fault
from veche.domain.accounts.importing import Line, NewPerson, full_name_of, is_formula, read_sheet
from veche.domain.accounts.names import folded

_LETTERS = ("abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789")
"""Without those that look like others: these passwords are read out and typed in."""
_GROUPS, _GROUP = 5, 4
_HEADER = "\ufeffuser name;full name;password\r\n"
"""Begins with a mark by which spreadsheets know UTF-8."""


def made_up_password() -> str:
    """Return a password of some 115 bits in groups, with small and capital letters, digits and hyphens."""
    while True:
        letters = [secrets.choice("".join(_LETTERS)) for _ in range(_GROUPS * _GROUP)]
        if all(set(kind) & set(letters) for kind in _LETTERS):
            return "-".join("".join(letters[at : at + _GROUP]) for at in range(0, len(letters), _GROUP))


class PasswordFile:
    """A table of made-up passwords that only its owner may read.

    Each is on the disk before its account is made, and a later run takes it from there: whenever an import is
    interrupted, no account is left with a password that nobody knows.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.has_kept = False
        self._made_up: dict[str, str] = {}
        self._end = 0
        self._kept = self._read()

    def completed(self, line: Line) -> Line:
        """Return a line with a password: its own, the one that was made up for it before, or a new one."""
        name = folded(line.person.name)
        if line.person.password:
            return line
        self._made_up[name] = self._kept.get(name) or made_up_password()
        return replace(line, person=replace(line.person, password=self._made_up[name]))

    def keep(self, people: Iterable[NewPerson]) -> None:
        """Write down the made-up passwords among theirs, as far as they are not there yet."""
        wanted = [person for person in people if folded(person.name) in self._made_up]
        self.has_kept = self.has_kept or bool(wanted)
        new = [person for person in wanted if folded(person.name) not in self._kept]
        if new:
            self._append(new)
            self._kept.update((folded(person.name), person.password) for person in new)

    def _read(self) -> dict[str, str]:
        if not self.path.exists():
            return {}
        found = self.path.read_bytes()
        if found and not found.startswith(_HEADER.encode()):
            raise Fault(f"{self.path} is there already, and is no file of made-up passwords")
        self._end = found.rfind(b"\n") + 1  # a line that was cut off when the power went is nobody's password
        lines = read_sheet(found[: self._end]).lines
        return {folded(line.person.name.removeprefix("'")): line.person.password for line in lines}

    def _append(self, people: Iterable[NewPerson]) -> None:
        text = io.StringIO()
        rows = csv.writer(text, delimiter=";")
        if self._end == 0:
            text.write(_HEADER)
        rows.writerows(map(_harmless, (p.name, full_name_of(p), p.password)) for p in people)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        with open(os.open(self.path, flags, 0o600), "r+b") as file:
            os.fchmod(file.fileno(), 0o600)
            file.truncate(self._end)
            file.seek(self._end)
            file.write(text.getvalue().encode())
            self._end = file.tell()
            file.flush()
            os.fsync(file.fileno())


def _harmless(cell: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula."""
    return f"'{cell}" if is_formula(cell) else cell
