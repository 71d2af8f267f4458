"""Routing: the raw path is split first and each segment decoded afterwards, so that ``%2F`` stays inside one."""

from typing import Final
from urllib.parse import unquote_to_bytes

from veche.api.http.contract import Endpoint
from veche.domain.refusals import Refusal, Refused

UNKNOWN = Refusal("M_UNRECOGNIZED", 404, "This server knows no such endpoint.")
WRONG_METHOD = Refusal("M_UNRECOGNIZED", 405, "This endpoint does not know that method.")
BAD_PATH = Refusal("M_INVALID_PARAM", 400, "The path holds bytes that are not UTF-8.")
OLDER: Final = {
    "/_matrix/client/v3": ("/_matrix/client/r0", "/_matrix/client/v1", "/_matrix/client/api/v1"),
    "/_matrix/media/v3": ("/_matrix/media/r0", "/_matrix/media/v1"),
}
"""Beginnings of paths under which older clients look for what stands under the newer one (section API Versions)."""
NUL_IN_PATH = Refusal("M_INVALID_PARAM", 400, "The path holds a NUL character.")


class _Node:
    """One segment of the known paths."""

    __slots__ = ("children", "endpoints", "names", "wild")

    def __init__(self) -> None:
        self.children: dict[bytes, _Node] = {}
        self.wild: _Node | None = None
        self.endpoints: dict[str, Endpoint] = {}
        self.names: dict[str, tuple[str, ...]] = {}


class Router:
    """Finds the endpoint of a method and a raw path."""

    def __init__(self, endpoints: tuple[Endpoint, ...]) -> None:
        self._root = _Node()
        self._hidden: dict[bytes, str] = {}
        self._share()
        for endpoint in endpoints:
            for path in {endpoint.path, *endpoint.aliases}:
                self._add(path, endpoint)

    def match(self, method: str, raw_path: bytes) -> tuple[Endpoint, dict[str, str]]:
        """Return the endpoint and its path parameters, decoded.

        Raises 404 M_UNRECOGNIZED for an unknown path, 405 for a known one with another method.
        """
        values: list[bytes] = []
        node = _descend(self._root, raw_path.split(b"/")[1:], 0, values)
        if node is None:
            raise Refused(UNKNOWN)
        endpoint = node.endpoints.get(method)
        if endpoint is None:
            raise Refused(WRONG_METHOD)
        return endpoint, dict(zip(node.names[method], map(decoded, values), strict=True))

    def told(self, raw_path: bytes) -> str:
        """Return a path as it may stand in the log. What begins like one with a secret holds it, whatever is asked."""
        for beginning, path in self._hidden.items():
            if raw_path.startswith(beginning):
                return path
        return raw_path.decode("latin-1")

    def _share(self) -> None:
        """Let older beginnings lead to the newer one's own branch: that costs nobody a step."""
        for newer, others in OLDER.items():
            branch, _ = self._node(newer)
            for older in others:
                above, _, name = older.rpartition("/")
                self._node(above)[0].children[name.encode()] = branch

    def _add(self, path: str, endpoint: Endpoint) -> None:
        if endpoint.hides_path:
            self._hidden[path.partition("{")[0].encode()] = path
        node, names = self._node(path)
        if endpoint.method in node.endpoints:
            raise ValueError(f"{endpoint.method} {path} is declared twice")
        node.endpoints[endpoint.method] = endpoint
        node.names[endpoint.method] = names

    def _node(self, path: str) -> tuple[_Node, tuple[str, ...]]:
        """Return the node of a declared path, made where there is none, and the names of its parameters."""
        node, names = self._root, list[str]()
        for segment in path.split("/")[1:]:
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.wild = node.wild or _Node()
                node = node.wild
            else:
                node = node.children.setdefault(segment.encode(), _Node())
        return node, tuple(names)


def _descend(node: _Node, segments: list[bytes], at: int, values: list[bytes]) -> _Node | None:
    """Follow the segments; a fixed name is tried before a parameter."""
    if at == len(segments):
        return node if node.endpoints else None
    child = node.children.get(segments[at])
    if child is not None and (found := _descend(child, segments, at + 1, values)):
        return found
    if node.wild is None:
        return None
    values.append(segments[at])
    found = _descend(node.wild, segments, at + 1, values)
    if found is None:
        values.pop()
    return found


def decoded(segment: bytes) -> str:
    """Return the text of a path's segment; raises 400 for bytes that are not UTF-8, and for NUL."""
    if b"%" not in segment and segment.isascii():
        return segment.decode()
    try:
        text = unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        raise Refused(BAD_PATH) from None
    if "\x00" in text:
        raise Refused(NUL_IN_PATH)
    return text
