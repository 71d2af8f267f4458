"""Subjects keep one name on every floor, and some words are not used at all."""

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, definitions, functions, modules, python_files

SUBJECTS = {
    *("accounts", "sessions", "devices", "profiles", "rooms", "directory", "timeline", "receipts", "typing"),
    *("presence", "account_data", "encryption", "media", "notifications", "search", "contacts", "alerts", "calls"),
    *("orders", "moderation", "applications", "operation"),
}
STRUCTURE = {
    "domain": {
        *("ids", "events", "facts", "refusals", "settings"),
        *("membership", "permissions", "power_levels", "redaction", "visibility"),
    },
    "storage": {"blobs", "engines", "migrations", "reader", "rows", "schema", "writer"},
    "live": {"counter", "deadlines", "fragments", "notifier", "rates", "state", "tail"},
    "integrations": {"certificates", "gateways", "hashing", "imaging", "mail", "outgoing"},
    "commands": {"context"},
    "queries": {"context", "sync"},
    "api": {"http", "matrix", "operator", "table", "veche", "web"},
    "workers": {"following"},
}
"""What stands beside the subjects on floors 1 to 4. Inside a subject's own folder names are free."""

FOLDERS = {
    "storage.engines": {"postgres", "sqlite"},
    "queries.sync": {
        *("loop", "polling", "wish", "reply", "quick", "general", "sharing"),  # how an answer is made
        *("initial", "news"),  # the older shapes
        *("to_device", "device_lists", "keys", "invites", "state", "summary", "unread", "counting"),  # streams
    },
    "api.http": {"bodies", "contract", "door", "lane", "replies", "requests", "router", "sending"},
    "api.matrix": {"hot", "sync"},
    "api.operator": {"metrics"},
}
"""The same for structural folders."""

UNWANTED = re.compile(r"(?i)(^|_|(?<=[a-z]))(manager|helper|util)s?($|_|(?=[A-Z]))")
MARKS = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b")
SHOWN_TO_PEOPLE = ("*.py", "*.md", "*.sql", "*.toml", "*.mjs", "*.txt")


def is_allowed(name: str) -> bool:
    """Say whether a module's dotted name below ``veche`` is a subject or part of the structure."""
    package, _, rest = name.partition(".")
    if package not in STRUCTURE or not rest:
        return True
    for folder, structure in FOLDERS.items():
        if name == folder:
            return True
        if name.startswith(folder + "."):
            return name[len(folder) + 1 :].split(".")[0] in structure | SUBJECTS
    return rest.split(".")[0] in STRUCTURE[package] | SUBJECTS


def test_modules_are_named_for_their_subject() -> None:
    assert [module.place for module in modules() if not is_allowed(module.name.partition(".")[2])] == []


@pytest.mark.parametrize("name", ["commands.logins", "queries.sync.things", "api.matrix.misc", "domain.core.rooms"])
def test_other_names_would_be_noticed(name: str) -> None:
    assert not is_allowed(name)


def test_nothing_is_called_by_a_name_that_says_nothing() -> None:
    found = [
        f"{module.place}:{line} {name}"
        for module in python_files()
        for name, line in [*definitions(module), (module.path.stem, 1)]
        if UNWANTED.search(name) or name.strip("_").lower() == "auth"
    ]
    assert found == []


@pytest.mark.parametrize("name", ["RoomManager", "sync_helper", "utils", "TimeUtil", "helpers"])
def test_such_names_would_be_noticed(name: str) -> None:
    assert UNWANTED.search(name)


def test_nothing_is_left_for_later() -> None:
    here = Path(__file__)
    for folder in ("src", "tests", "benchmarks", "docs", "bin"):
        for pattern in (*SHOWN_TO_PEOPLE, "[!.]*"):
            for path in (ROOT / folder).rglob(pattern):
                if _is_written_by_hand(path) and path != here:
                    assert not MARKS.search(path.read_text(errors="replace")), path


def test_a_file_says_what_lives_in_it() -> None:
    for module in modules():
        text = ast.get_docstring(module.tree)
        assert text, f"{module.place} has no docstring"
        assert len(text.splitlines()) <= 5, f"{module.place} begins with more than four lines"


def test_public_things_have_docstrings() -> None:
    silent = [
        f"{module.place}:{node.lineno} {node.name}"
        for module in modules()
        for node in module.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert silent == []


def test_records_are_frozen() -> None:
    thawed = [
        f"{module.place}:{node.lineno} {node.name}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "msgspec.Struct" for base in node.bases)
        if not any(word.arg == "frozen" and ast.unparse(word.value) == "True" for word in node.keywords)
    ]
    assert thawed == []


def test_rules_wait_for_nothing() -> None:
    waiting = [
        f"{module.place}:{node.lineno} {name}"
        for module in modules()
        for name, node in functions(module)
        if module.package in ("domain", "base") and isinstance(node, ast.AsyncFunctionDef)
    ]
    assert waiting == []


def _is_written_by_hand(path: Path) -> bool:
    made = {"node_modules", "_build", "__pycache__", ".hypothesis", "results", "coverage"}
    return path.is_file() and not made & set(path.parts) and path.stat().st_size < 2_000_000
