"""What a row of the authorisation table says: how an endpoint is asked in the scene, and who is to succeed."""

from typing import Any
from urllib.parse import quote

import msgspec

from tests.authorisation.askers import SIGNED_IN, Group
from veche.api.http.contract import Endpoint
from veche.api.http.requests import path_names

PREFIX = "/_matrix/client"


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One request, ``$names`` in it standing for the scene's; ``place`` fills the parameters of the path.

    Those in ``may`` are answered with 200, the others with ``refused``: one status, or another for each asker.
    Whoever has no session is refused with 401 first, unless the endpoint is public. ``shows`` names canaries that
    the answers to some must hold: otherwise nobody could tell whether anything was planted there at all.
    """

    what: str
    place: dict[str, str]
    query: dict[str, str]
    body: Any
    may: Group
    refused: int | dict[str, int]
    shows: dict[str, Group]

    def status(self, asker: str) -> int:
        """Return the status that this asker is to be answered with."""
        if asker in self.may:
            return 200
        return self.refused if isinstance(self.refused, int) else self.refused.get(asker, 403)


Row = tuple[Ask, ...]
Rows = dict[str, Row]


def ask(
    what: str = "as it is",
    place: dict[str, str] | None = None,
    *,
    may: Group = SIGNED_IN,
    refused: int | dict[str, int] = 403,
    query: dict[str, str] | None = None,
    body: Any = None,
    shows: dict[str, Group] | None = None,
) -> Ask:
    """Describe one request (see ``Ask``)."""
    return Ask(what=what, place=place or {}, query=query or {}, body=body, may=may, refused=refused, shows=shows or {})


def at(**place: str) -> dict[str, str]:
    """Name the parameters of a path."""
    return place


def name_of(endpoint: Endpoint) -> str:
    """Return the name under which an endpoint stands in the table."""
    return f"{endpoint.method} {endpoint.path.removeprefix(PREFIX)}"


def path_of(endpoint: Endpoint, place: dict[str, str]) -> str:
    """Return the endpoint's path with its parameters filled in, percent-encoded."""
    path = endpoint.path
    for name in path_names(path):
        path = path.replace(f"{{{name}}}", quote(place[name], safe=""))
    return path
