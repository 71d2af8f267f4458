"""The operations of the specification's files, and which of them a method and a raw path mean."""

from functools import cache
from typing import Any

import msgspec

from tests.conformance.specification import files, whole

METHODS = ("get", "put", "post", "delete", "patch")
OLDER = (
    ("/_matrix/client/r0/", "/_matrix/client/v3/"),
    ("/_matrix/client/v1/", "/_matrix/client/v3/"),
    ("/_matrix/client/unstable/", "/_matrix/client/v3/"),
    ("/_matrix/media/r0/", "/_matrix/media/v3/"),
    ("/_matrix/media/v1/", "/_matrix/media/v3/"),
)
"""Prefixes of earlier versions, and what they are called now."""


class Operation(msgspec.Struct, frozen=True):
    """One operation. ``path`` is whole; ``responses`` are those of the file, by status; ``raw`` is all it says."""

    method: str
    path: str
    file: str
    responses: dict[int, dict[str, Any]]
    is_deprecated: bool
    needs_token: bool
    raw: dict[str, Any]

    @property
    def name(self) -> str:
        """``GET /_matrix/client/v3/sync``."""
        return f"{self.method} {self.path}"


@cache
def operations() -> dict[str, Operation]:
    """Return all by their names."""
    found: dict[str, Operation] = {}
    for file in files("api/client-server"):
        document = whole(file)
        base = document["servers"][0]["variables"]["basePath"]["default"]
        for path, methods in (document.get("paths") or {}).items():
            for method in METHODS:
                if method in methods:
                    operation = _operation(method.upper(), base + path, file, methods[method])
                    found[operation.name] = operation
    return found


def meant(method: str, raw_path: str) -> tuple[Operation, ...]:
    """Return the operation that a request is for; none for one that the specification does not know.

    Two where two files describe the same request: what either says of the answer may be.
    """
    path = raw_path.partition("?")[0]
    found = _descend(_tree(), _segments(path), method)
    for older, newer in OLDER:
        if not found and path.startswith(older):
            found = _descend(_tree(), _segments(newer + path.removeprefix(older)), method)
    return found


class _Node:
    __slots__ = ("fixed", "operations", "wild")

    def __init__(self) -> None:
        self.fixed: dict[str, _Node] = {}
        self.wild: _Node | None = None
        self.operations: dict[str, tuple[Operation, ...]] = {}


@cache
def _tree() -> _Node:
    root = _Node()
    for operation in operations().values():
        node = root
        for segment in _segments(operation.path):
            if segment.startswith("{"):
                node.wild = node.wild or _Node()
                node = node.wild
            else:
                node = node.fixed.setdefault(segment, _Node())
        node.operations[operation.method] = (*node.operations.get(operation.method, ()), operation)
    return root


def _descend(node: _Node, segments: list[str], method: str) -> tuple[Operation, ...]:
    """A fixed name is tried before a parameter."""
    if not segments:
        return node.operations.get(method, ())
    fixed = node.fixed.get(segments[0])
    if fixed is not None and (found := _descend(fixed, segments[1:], method)):
        return found
    return _descend(node.wild, segments[1:], method) if node.wild is not None else ()


def _segments(path: str) -> list[str]:
    """Blanks round a path are there to tell two descriptions of one operation apart; a state key may be empty."""
    return path.strip().removesuffix("/").split("/")[1:]


def _operation(method: str, path: str, file: str, raw: dict[str, Any]) -> Operation:
    responses = {int(status): response for status, response in raw["responses"].items()}
    needs_token = bool(raw.get("security"))
    return Operation(method, path, file, responses, bool(raw.get("deprecated")), needs_token, raw)
