"""The offline list of passwords that everybody tries first."""

from importlib import resources


def common_passwords(shortest: int = 1) -> frozenset[str]:
    """Return the common passwords of at least ``shortest`` characters, in lower case."""
    text = (resources.files("veche.app") / "common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if len(line) >= shortest)
