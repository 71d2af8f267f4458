"""Imports only go down the floors, third-party packages stay where they belong, and nothing goes in circles."""

import sys

from tests.architecture.source import imports, modules

FLOORS = {
    "": {"app"},
    "app": {"api", "workers", "commands", "queries", "storage", "live", "integrations", "domain", "base", ""},
    "api": {"commands", "queries", "domain", "base"},
    "workers": {"commands", "queries", "integrations", "domain", "base"},
    "commands": {"storage", "live", "integrations", "domain", "base"},
    "queries": {"storage", "live", "integrations", "domain", "base"},
    "storage": {"domain", "base"},
    "live": {"domain", "base"},
    "integrations": {"domain", "base"},
    "domain": {"base"},
    "base": set[str](),
}
"""Who may import whom, besides itself. Commands and queries do not know each other."""

THIRD_PARTY = {
    "storage": {"Stemmer", "apsw", "botocore", "cryptography", "psycopg"},
    "api": {"httptools", "uvicorn"},
    "integrations": {"aiohttp", "aiosmtplib", "argon2", "cryptography", "PIL"},
    "app": {"click", "ifaddr", "uvicorn", "uvloop"},
}
"""Which packages from elsewhere each floor may use, besides msgspec."""

IMPURE = {
    *("asyncio", "concurrent", "http", "io", "logging", "multiprocessing", "os", "pathlib", "random", "secrets"),
    *("shutil", "signal", "socket", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "uuid"),
}
"""What rules may not import: clock, chance, network, disk and everything that waits."""


def test_imports_only_go_down() -> None:
    upward = [
        f"{module.place} imports {name}"
        for module in modules()
        for name in imports(module)
        if _is_ours(name) and _package(name) not in FLOORS[module.package] | {module.package}
    ]
    assert upward == []


def test_third_party_packages_stay_on_their_floor() -> None:
    foreign = [
        f"{module.place} imports {name}"
        for module in modules()
        for name in imports(module)
        if _top(name) not in {"msgspec", "veche", *sys.stdlib_module_names, *THIRD_PARTY.get(module.package, ())}
    ]
    assert foreign == []


def test_rules_are_pure() -> None:
    impure = [
        f"{module.place} imports {name}"
        for module in modules()
        for name in imports(module)
        if module.package in ("base", "domain") and _top(name) in IMPURE
    ]
    assert impure == []


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {module.name: [name for name in imports(module) if _is_ours(name)] for module in modules()}
    finished: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"a circle: {' -> '.join((*path[path.index(name) :], name))}"
        if name not in finished:
            for imported in graph.get(name, ()):
                visit(imported, (*path, name))
            finished.add(name)

    for name in graph:
        visit(name, ())


def _top(name: str) -> str:
    return name.partition(".")[0]


def _is_ours(name: str) -> bool:
    return _top(name) == "veche"


def _package(name: str) -> str:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "veche" else ""
