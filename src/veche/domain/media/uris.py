"""mxc:// addresses: what a file of this server is called, and which ones a text names (section Content repository)."""

import re
from functools import lru_cache

from veche.domain.media.records import MediaId

MOST_NAMED = 100
"""Files that one event may refer to: further ones in it are passed over."""

_MXC = re.compile(rb"mxc://")
_MEDIA_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


def media_uri(server_name: str, media_id: MediaId) -> str:
    """Return the address of a file."""
    return f"mxc://{server_name}/{media_id}"


def is_media_id(text: str) -> bool:
    """Say whether ``text`` may be the id of a file: nothing that could mean something in a path."""
    return bool(_MEDIA_ID.match(text))


def media_id_of(uri: object, server_name: str) -> MediaId | None:
    """Return the id of the file of this server that an address names, or None for any other address."""
    prefix = f"mxc://{server_name}/"
    if not isinstance(uri, str) or not uri.startswith(prefix):
        return None
    rest = uri[len(prefix) :]
    return MediaId(rest) if is_media_id(rest) else None


def names_files(text: bytes) -> bool:
    """Say whether an event's bytes may name files: every message is asked, and a pattern is found fastest."""
    return _MXC.search(text) is not None


def files_named_in(text: bytes, server_name: str) -> list[MediaId]:
    """Return the ids of this server's files that an event's bytes name, each once, at most ``MOST_NAMED``."""
    found = (MediaId(name.decode()) for name in _addresses(server_name).findall(text))
    return list(dict.fromkeys(found))[:MOST_NAMED]


@lru_cache(maxsize=8)
def _addresses(server_name: str) -> re.Pattern[bytes]:
    return re.compile(rb"mxc://" + re.escape(server_name.encode()) + rb"/([A-Za-z0-9_-]{1,64})(?![A-Za-z0-9_-])")
