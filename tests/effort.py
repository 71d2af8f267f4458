"""Reads tests/effort.toml: how many kills, power cuts or examples this run makes."""

import os
import tomllib
from functools import cache
from pathlib import Path

DEPTH_VARIABLE = "VECHE_TEST_DEPTH"
"""``ci`` (the default) or ``long``; bin/test --long sets it."""


def effort(name: str) -> int:
    """Return the count of ``name`` at this run's depth."""
    return _table()[name][depth()]


def depth() -> str:
    """Return ``ci`` or ``long``."""
    found = os.environ.get(DEPTH_VARIABLE, "ci")
    if found not in ("ci", "long"):
        raise ValueError(f"{DEPTH_VARIABLE} is ci or long, not {found!r}")
    return found


@cache
def _table() -> dict[str, dict[str, int]]:
    return tomllib.loads((Path(__file__).parent / "effort.toml").read_text())
