"""The specification's files: where they lie, and how they are read. They are never copied into this house."""

import os
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

from tests.conformance.absent import ABSENT

VARIABLE = "VECHE_MATRIX_SPEC"
ROOT = Path(__file__).parents[2]
UNSEEN = ("example", "examples", "description", "summary", "x-addedInMatrixVersion", "x-changedInMatrixVersion")
"""What only people read. Some of it names files that do not belong to the specification."""
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def folder() -> Path:
    """Return where the files lie, or would lie."""
    told = os.environ.get(VARIABLE)
    return Path(told) if told else ROOT.parent / "shared" / "matrix-spec"


def is_here() -> bool:
    """Whether the files can be read."""
    return (folder() / "api" / "client-server").is_dir() and (folder() / "event-schemas" / "schema").is_dir()


def absence() -> str:
    """Say what does not happen without the files."""
    return (
        f"THE CONFORMANCE TESTS DID NOT RUN: the Matrix specification is not at {folder()} (set {VARIABLE}). "
        "No answer and no event was checked against it."
    )


@cache
def whole(file: str) -> Any:
    """Return a file's document with every reference in it replaced by what it points at; ``file`` is relative."""
    return _resolved(_read(file), file, ())


def files(directory: str) -> list[str]:
    """Return the YAML files right in a directory, relative like it."""
    return sorted(f"{directory}/{path.name}" for path in (folder() / directory).glob("*.yaml"))


@cache
def _read(file: str) -> Any:
    if file in ABSENT:
        return ABSENT[file]
    with (folder() / file).open(encoding="utf-8") as text:
        return yaml.load(text, _Loader)  # a safe loader, in C where there is one


@cache
def _target(reference: str, trail: tuple[str, ...]) -> Any:
    file, _, pointer = reference.partition("#")
    found = _read(file)
    for step in filter(None, pointer.split("/")):
        found = found[unquote(step).replace("~1", "/").replace("~0", "~")]
    return _resolved(found, file, (*trail, reference))


def _resolved(node: Any, file: str, trail: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_resolved(each, file, trail) for each in node]
    if not isinstance(node, dict):
        return node
    seen = {name: value for name, value in node.items() if name not in UNSEEN or not _is_prose(value, name)}
    reference = seen.get("$ref")
    if not isinstance(reference, str):
        return {name: _resolved(value, file, trail) for name, value in seen.items()}
    absolute = _absolute(reference, file)
    if absolute in trail:
        raise ValueError(f"{file}: {reference} leads back to itself")
    beside = {name: _resolved(value, file, trail) for name, value in seen.items() if name not in ("$ref", "title")}
    target = _target(absolute, trail)
    return {"allOf": [target], **beside} if beside else target


def _is_prose(value: Any, name: str) -> bool:
    """Tell a remark from a property that bears its name: properties are described by objects with a type."""
    return name in ("example", "examples") or isinstance(value, str) or name.startswith("x-")


def _absolute(reference: str, file: str) -> str:
    path, _, pointer = reference.partition("#")
    place = os.path.normpath(os.path.join(os.path.dirname(file), path)) if path else file
    return f"{place}#{pointer}" if pointer else place
