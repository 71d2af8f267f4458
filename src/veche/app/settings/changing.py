"""Changing single settings in the text of a settings file; everything else in it, comments too, stays as it is."""

import json
import re
import tomllib
from collections.abc import Mapping

from veche.app.settings import BadSetting


def changed(text: str, values: Mapping[str, str | int]) -> str:
    """Return the text of a settings file with other values; raises ``BadSetting`` where they cannot be put in."""
    for name, value in values.items():
        line = f"{name} = {json.dumps(value, ensure_ascii=False)}"
        text, count = re.subn(rf"(?m)^[ \t]*{name}[ \t]*=.*$", lambda _: line, text, count=1)  # noqa: B023
        if not count:
            text = f"{text.rstrip()}\n{line}\n"
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise BadSetting(f"veche.toml cannot be changed: {fault}") from None
    for name, value in values.items():
        if found.get(name) != value:
            raise BadSetting(f"{name} cannot be changed in veche.toml")
    return text
