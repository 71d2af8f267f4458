"""A command changes the database in one transaction, or in slices; a query changes nothing."""

import ast

from tests.architecture.source import functions, modules


def runs(node: ast.AST) -> list[ast.Call]:
    """Return the calls of ``….writer.run`` inside a node."""
    calls = [inner for inner in ast.walk(node) if isinstance(inner, ast.Call)]
    return [call for call in calls if ast.unparse(call.func).endswith("writer.run")]


def runs_in_loops(node: ast.AST) -> set[ast.Call]:
    """Return those of ``runs`` that stand in a loop: bulk work in slices."""
    loops = [inner for inner in ast.walk(node) if isinstance(inner, ast.For | ast.While | ast.AsyncFor)]
    return {call for loop in loops for call in runs(loop)}


def test_a_command_is_one_transaction() -> None:
    several = [
        f"{module.place}:{node.lineno} {name}"
        for module in modules()
        for name, node in functions(module)
        if module.package == "commands" and len(set(runs(node)) - runs_in_loops(node)) > 1
    ]
    assert several == []


def test_only_commands_write() -> None:
    writing = [
        module.place for module in modules() if module.package not in ("commands", "storage") and runs(module.tree)
    ]
    assert writing == []
