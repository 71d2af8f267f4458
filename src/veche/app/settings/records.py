"""What a setting is: its name, kind, default and bounds."""

from pathlib import Path
from typing import Any, Literal

import msgspec

Kind = Literal["text", "number", "choice", "pattern"]


class Setting(msgspec.Struct, frozen=True):
    """One setting. ``text`` explains it in one line.

    ``least`` and ``most`` bound a number, ``choices`` a choice; a text that is not empty matches ``shape``, which
    ``shown`` explains. A secret one is never repeated in a message.
    """

    name: str
    kind: Kind
    default: str | int
    text: str
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 2**53
    shape: str = ".*"
    shown: str = ""
    is_secret: bool = False

    @property
    def variable(self) -> str:
        """The name of its environment variable."""
        return "VECHE_" + self.name.upper()

    @property
    def allowed(self) -> str:
        """What values it takes, in words."""
        if self.kind == "number":
            return f"a number from {self.least} to {self.most}"
        if self.kind == "choice":
            return f"one of {', '.join(self.choices)}"
        return "a regular expression" if self.kind == "pattern" else (self.shown or "a text")


def first_line(values: dict[str, Any], setting: str) -> str:
    """Return the first line of the file that a setting names; raises ``BadSetting`` where it cannot be read."""
    if not values[setting]:
        return ""
    try:
        return Path(values[setting]).read_text().partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise BadSetting(f"{setting}: {fault}") from None


class BadSetting(Exception):
    """A setting that does not exist or has a wrong value; the message is one clear line."""
