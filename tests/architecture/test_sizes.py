"""Functions stop at 40 lines and files at 400; docstrings and blank lines are not counted."""

from tests.architecture.source import ROOT, functions, lines_of, python_files

LONGEST_FUNCTION = 40
LONGEST_FILE = 400
MOST_EXCEPTIONS = 10
EXCEPTIONS = ROOT / "tests" / "architecture" / "exceptions.txt"


def exceptions() -> dict[str, str]:
    """Return the reason of each exception by its place."""
    lines = [line for line in EXCEPTIONS.read_text().splitlines() if line and not line.startswith("#")]
    return {place: reason.strip() for place, _, reason in (line.partition(" ") for line in lines)}


def too_long() -> set[str]:
    """Return the places of what is longer than it may be: ``path`` or ``path:function``."""
    found: set[str] = set()
    for module in python_files():
        text = module.path.read_text().splitlines()
        if lines_of(module.tree, text) > LONGEST_FILE:
            found.add(module.place)
        for name, node in functions(module):
            if lines_of(node, text) > LONGEST_FUNCTION:
                found.add(f"{module.place}:{name}")
    for path in (ROOT / "src").rglob("*.sql"):
        if sum(1 for line in path.read_text().splitlines() if line.strip()) > LONGEST_FILE:
            found.add(path.relative_to(ROOT).as_posix())
    return found


def test_nothing_is_too_long() -> None:
    assert too_long() - exceptions().keys() == set()


def test_exceptions_are_few_needed_and_explained() -> None:
    assert len(exceptions()) <= MOST_EXCEPTIONS
    assert exceptions().keys() - too_long() == set(), "an exception that nothing needs"
    assert all(exceptions().values()), "an exception without a reason"
