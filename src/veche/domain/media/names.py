"""File names: what is kept of them, and how they stand in Content-Disposition (RFC 6266, RFC 8187)."""

import re
from urllib.parse import quote

LONGEST = 255  # bytes
_LONGEST_SUFFIX = 20  # characters
_SEPARATORS = re.compile(r"[/\\]")
# Control characters, line separators, halves of pairs, and what turns the direction of writing: "exe.gpj" reads well.
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
_NOT_QUOTED = re.compile(r"[^ !#$&'()+,\-.0-9@A-Z\[\]^_`a-z{}~]")


def clean_name(name: str | None) -> str | None:
    """Return what is kept of a file's name: one that can leave no folder and break no header; None where none is left.

    It is cut to 255 bytes, with its suffix where that is short.
    """
    bare = _UNSEEN.sub("", _SEPARATORS.sub("_", name or "")).strip()
    if not bare.strip(". "):
        return None
    return _cut(bare)


def disposition(name: str | None, *, is_inline: bool) -> str:
    """Return the header's value; a name that ASCII cannot tell stands in it twice: as well as may be, and exactly."""
    kind = "inline" if is_inline else "attachment"
    if name is None:
        return kind
    plain = _NOT_QUOTED.sub("_", name)
    if plain == name:
        return f'{kind}; filename="{name}"'
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _cut(name: str) -> str:
    if len(name.encode()) <= LONGEST:
        return name
    stem, dot, suffix = name.rpartition(".")
    end = dot + suffix if stem and len(suffix) <= _LONGEST_SUFFIX else ""
    return name.encode()[: LONGEST - len(end.encode())].decode(errors="ignore").rstrip() + end
