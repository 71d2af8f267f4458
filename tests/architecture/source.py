"""Reads the source as syntax trees: modules, imports, functions, names. The laws themselves stand in the tests."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src"


class Module(msgspec.Struct, frozen=True):
    """One Python file. ``name`` is dotted below ``src``; a package bears its folder's name."""

    path: Path
    name: str
    tree: ast.Module

    @property
    def place(self) -> str:
        """The path as shown to people, relative to the repository."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def package(self) -> str:
        """The floor's package: ``domain`` of ``veche.domain.rooms``; empty for the root."""
        parts = self.name.split(".")
        return parts[1] if len(parts) > 1 and parts[1] != "__main__" else ""


@cache
def modules() -> tuple[Module, ...]:
    """Return every module of the server."""
    return tuple(_read(path) for path in sorted(SOURCES.rglob("*.py")))


@cache
def python_files() -> tuple[Module, ...]:
    """Return every Python file written by hand: the server, the tests, the benchmarks, the documentation's scripts."""
    folders = (ROOT / name for name in ("src", "tests", "benchmarks", "docs"))
    found = (path for folder in folders for path in sorted(folder.rglob("*.py")))
    return tuple(_read(path) for path in found if not {"node_modules", "_build"} & set(path.parts))


def imports(module: Module) -> list[str]:
    """Return the dotted names of all that a module imports, wherever in the file; modules of ours as modules."""
    found: list[str] = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.place}:{node.lineno} imports relatively"
            found += [_module_of(f"{node.module}.{alias.name}") for alias in node.names]
    return found


def functions(module: Module) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Yield (qualified name, node) of all functions and methods."""
    yield from _functions(module.tree, "")


def lines_of(node: ast.AST, text: list[str]) -> int:
    """Return how many lines a node takes, without blank lines and docstrings."""
    first, last = (1, len(text)) if isinstance(node, ast.Module) else (_start(node), _end(node))
    silent = {line for inner in ast.walk(node) for line in _docstring_lines(inner)}
    return sum(1 for line in range(first, last + 1) if line not in silent and text[line - 1].strip())


def definitions(module: Module) -> Iterator[tuple[str, int]]:
    """Yield (name, line) of every function and class."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno


def texts(module: Module) -> Iterator[tuple[str, int]]:
    """Yield (text, line) of every string constant that is not a docstring."""
    silent = {line for node in ast.walk(module.tree) for line in _docstring_lines(node)}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.lineno not in silent:
            yield node.value, node.lineno


@cache
def _names() -> frozenset[str]:
    return frozenset(module.name for module in modules())


def _module_of(dotted: str) -> str:
    """Return the module in which an imported name lives: ``veche.storage.rooms`` for ``veche.storage.rooms.find``."""
    while dotted.startswith("veche.") and dotted not in _names():
        dotted = dotted.rpartition(".")[0]
    return dotted


def _read(path: Path) -> Module:
    parts = list(path.relative_to(SOURCES if path.is_relative_to(SOURCES) else ROOT).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    return Module(path, ".".join(parts), ast.parse(path.read_text(), str(path)))


def _functions(node: ast.AST, above: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield above + child.name, child
        inside = (
            above + child.name + "."
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            else above
        )
        yield from _functions(child, inside)


def _docstring_lines(node: ast.AST) -> Iterator[int]:
    """A text that stands alone as a statement: what documents a module, class, function or attribute."""
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    if is_text:
        yield from range(_start(node), _end(node) + 1)


def _start(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 1))


def _end(node: ast.AST) -> int:
    return int(getattr(node, "end_lineno", 1))
