"""Which kind of picture bytes begin like. Only the kinds that browsers show by themselves are known."""

from typing import Literal

Kind = Literal["jpeg", "png", "gif", "webp", "avif"]

HEAD = 16
"""So many bytes tell."""


def kind_of(head: bytes) -> Kind | None:
    """Return what the first ``HEAD`` bytes of a file announce, whatever its name or content type says."""
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis", b"mif1"):
        return "avif"
    return None
