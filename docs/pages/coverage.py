"""The page of coverage: every operation of the specification, and whether it is served. From ``operations.txt``.

The list is ours, so that the page can be made without the specification; ``tests/conformance`` holds one against the
other, and both against the code.
"""

from itertools import groupby
from pathlib import Path
from typing import Literal

import msgspec

Standing = Literal["served", "planned", "refused"]
LIST = Path(__file__).with_name("operations.txt")
HEAD = """\
# Coverage

*Made from `docs/pages/operations.txt` by `python -m docs.generate`; tests hold the list against the code and against
the specification's files.*

The Matrix Client-Server specification, version 1.19, has {total} operations. {served} are served, {planned} are
planned, and {refused} are refused on purpose. What is not served is answered with the error that stands beside it.
"""


class Listed(msgspec.Struct, frozen=True):
    """One operation. ``file`` is its file in the specification; what is not served has a reason and an error."""

    name: str
    method: str
    path: str
    file: str
    is_deprecated: bool = False
    standing: Standing = "served"
    reason: str = ""
    status: int = 200
    errcode: str = ""


def page() -> str:
    """Return the whole page."""
    every = operations()
    counts = {standing: sum(one.standing == standing for one in every) for standing in ("served", "planned", "refused")}
    parts = [HEAD.format(total=len(every), **counts), _absent([one for one in every if one.standing != "served"])]
    for file, group in groupby(every, key=lambda one: one.file):
        parts += [f"\n## {file.replace('_', ' ').replace('-', ' ').capitalize()}\n\n", _table(list(group))]
    return "".join(parts)


def operations() -> list[Listed]:
    """Return all operations, in the order of the list."""
    found: list[Listed] = []
    file = ""
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            file = line.strip("[]")
        elif line.startswith(" "):
            found.append(_unserved(found.pop(), line.strip()))
        elif line and not line.startswith("#"):
            name, method, path, *marks = line.split(" ")
            found.append(Listed(name, method, path, file, marks == ["deprecated"]))
    return found


def _unserved(listed: Listed, line: str) -> Listed:
    facts, _, reason = line.partition(": ")
    standing, status, errcode = facts.split(" ")
    changed = {"standing": standing, "status": int(status), "errcode": errcode, "reason": reason}
    return msgspec.convert({**msgspec.structs.asdict(listed), **changed}, Listed)


def _absent(listed: list[Listed]) -> str:
    rows = (f"| `{one.method} {one.path}` | {one.standing} | {_error(one)} | {one.reason} |\n" for one in listed)
    return "\n## What is not served\n\n| operation | standing | answer | why |\n|---|---|---|---|\n" + "".join(rows)


def _table(listed: list[Listed]) -> str:
    rows = (f"| {one.name} | `{one.method} {one.path}` | {_said(one)} |\n" for one in listed)
    return "| operation | method and path | standing |\n|---|---|---|\n" + "".join(rows)


def _said(listed: Listed) -> str:
    marks = [listed.standing, *(["deprecated"] if listed.is_deprecated else [])]
    return ", ".join(marks) if listed.standing == "served" else f"{', '.join(marks)}: {_error(listed)}"


def _error(listed: Listed) -> str:
    return f"{listed.status} `{listed.errcode}`"
