"""Content types: which are kept, which are told, and which a browser may show (section Serving inline content).

What somebody declares is never trusted: a type that could run in a browser is never told.
"""

import re

import msgspec

UNKNOWN = "application/octet-stream"
LONGEST = 255  # characters

INLINE = frozenset(
    {
        *("text/css", "text/plain", "text/csv", "application/json", "application/ld+json"),
        *("image/jpeg", "image/gif", "image/png", "image/apng", "image/webp", "image/avif"),
        *("video/mp4", "video/webm", "video/ogg", "video/quicktime"),
        *("audio/mp4", "audio/webm", "audio/aac", "audio/mpeg", "audio/ogg", "audio/wave", "audio/wav"),
        *("audio/x-wav", "audio/x-pn-wav", "audio/flac", "audio/x-flac"),
    }
)
"""What a browser may show in its place: the specification's list."""
ATTACHED = frozenset(
    {
        *("application/pdf", "application/rtf", "application/msword", "application/vnd.ms-excel"),
        *("application/vnd.ms-powerpoint", "application/zip", "application/gzip", "application/x-tar"),
        *("application/x-7z-compressed", "application/x-bzip2", "application/vnd.rar", "application/epub+zip"),
        *("application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.spreadsheet"),
        *("application/vnd.oasis.opendocument.presentation", "application/vnd.oasis.opendocument.graphics"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        *("image/bmp", "image/tiff", "image/heic", "image/heif", "image/jxl"),
        *("video/x-matroska", "video/x-msvideo", "video/mpeg", "audio/opus", "audio/x-m4a", "audio/midi"),
        *("text/markdown", "text/calendar", "text/vcard"),
    }
)
"""What is told as it was declared, yet only to be saved: no browser runs it."""

_TOKEN = r"[A-Za-z0-9!#$&^_.+-]{1,127}"
_DECLARED = re.compile(rf"({_TOKEN}/{_TOKEN})\s*(?:;.*)?\Z")
_NAME = r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,39}"
_CHARSET = re.compile(rf';\s*charset\s*=\s*(?:"({_NAME})"|({_NAME}))\s*(?:;|\Z)', re.IGNORECASE)


class Told(msgspec.Struct, frozen=True):
    """How a file is served: the content type, and whether a browser may show it in its place."""

    content_type: str
    is_inline: bool


def declared_type(header: str) -> str:
    """Return the content type to keep for an upload: as it was declared, or unknown where it is none."""
    header = header.strip()
    is_whole = len(header) <= LONGEST and header.isascii() and header.isprintable() and _DECLARED.match(header)
    return header if is_whole else UNKNOWN


def told_type(declared: str) -> Told:
    """Return how a file that was declared so is served; of the parameters only a text's charset is told."""
    found = _DECLARED.match(declared)
    bare = found[1].lower() if found else UNKNOWN
    is_inline = bare in INLINE
    if not is_inline and bare not in ATTACHED:
        return Told(UNKNOWN, is_inline=False)
    charset = _CHARSET.search(declared) if bare.startswith("text/") else None
    return Told(f"{bare}; charset={(charset[1] or charset[2]).lower()}" if charset else bare, is_inline)
