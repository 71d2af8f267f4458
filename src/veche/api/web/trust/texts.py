"""What the page about trust says, whatever the language."""

from typing import Literal

import msgspec

System = Literal["windows", "macos", "android", "ios", "linux", "firefox"]


class Texts(msgspec.Struct, frozen=True):
    """All words of one language. ``$address`` and the like are put in; what is marked up here stays so.

    ``steps`` has the name of each system and what to do there, in order.
    """

    title: str
    lead: str
    why: str
    download: str
    kind: str
    fingerprint_title: str
    compare: str
    how: str
    mine: str
    commands: str
    finish: str
    foot: str
    steps: dict[System, tuple[str, tuple[str, ...]]]

    def words(self) -> tuple[str, ...]:
        """Return the names of all that is plain text."""
        return tuple(name for name in self.__struct_fields__ if name != "steps")
