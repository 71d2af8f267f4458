"""The formats that the specification's files name: how its identifiers are spelt (appendix "Identifier Grammar")."""

import re
from collections.abc import Callable

_HOST = r"[^:\s]+|\[[0-9a-fA-F:.]+\]"
_SERVER = rf"(?:{_HOST})(?::\d{{1,5}})?"
_LONGEST = 255


def _spelt(pattern: str) -> Callable[[str], bool]:
    known = re.compile(pattern, re.DOTALL)
    return lambda text: len(text.encode()) <= _LONGEST and known.fullmatch(text) is not None


FORMATS: dict[str, Callable[[str], bool]] = {
    "mx-user-id": _spelt(rf"@[^:\x00]*:{_SERVER}"),
    "mx-room-id": _spelt(r"![^\x00]+"),
    "mx-event-id": _spelt(r"\$[^\x00]+"),
    "mx-room-alias": _spelt(rf"#[^:\x00]+:{_SERVER}"),
    "mx-server-name": _spelt(_SERVER),
    "mx-mxc-uri": _spelt(rf"mxc://{_SERVER}/[A-Za-z0-9_-]+"),
    "event_id_only": _spelt(r"\$[^\x00]+"),
    "org.matrix.custom.html": lambda text: True,
    "uri": _spelt(r"[a-zA-Z][a-zA-Z0-9+.-]*:\S*"),
    "int64": lambda text: True,
}
