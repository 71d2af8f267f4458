"""Changing single settings in the text of a settings file; everything else in it, comments too, stays as it is."""

import json
import re
import tomllib
from collections.abc import Mapping

from veche.app.settings import BadSetting


def changed(text: str, values: Mapping[str, str | int]) -> str:
    """Return the text of a settings file with other values; raises ``BadSetting`` where they cannot be put in."""
    for name, value in values.items():
        text = _with_line(text, name, f"{name} = {json.dumps(value, ensure_ascii=False)}")
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise BadSetting(f"veche.toml cannot be changed: {fault}") from None
    for name, value in values.items():
        if found.get(name) != value:
            raise BadSetting(f"{name} cannot be changed in veche.toml")
    return text


def _with_line(text: str, name: str, line: str) -> str:
    """Put a line in the place of the one that sets ``name``, or at the end where none does."""
    text, count = re.subn(rf"(?m)^[ \t]*{name}[ \t]*=.*$", lambda _: line, text, count=1)
    return text if count else f"{text.rstrip()}\n{line}\n"
