"""Writes the pages that are made from the code: settings, endpoints, coverage, database. ``python -m docs.generate``.

A test fails where a page is not what would be written now.
"""

from collections.abc import Callable
from pathlib import Path

from docs.pages import api, coverage, database, settings

PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings.page,
    "api.md": api.page,
    "coverage.md": coverage.page,
    "database.md": database.page,
    "database.svg": database.diagram,
}


def main() -> None:
    """Write all of them."""
    for name, page in PAGES.items():
        (Path(__file__).parent / name).write_text(page())


if __name__ == "__main__":
    main()
