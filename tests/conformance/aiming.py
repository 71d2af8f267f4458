"""Gives what was made at random an aim: rooms, events, people and tokens that there are, so that it goes deep."""

import json
from collections.abc import Mapping
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import msgspec
from hypothesis import strategies as st

from tests.authorisation.askers import ADMINISTRATOR, LEFT, MEMBER, MODERATOR, SERVER_ADMINISTRATOR, STRANGER
from tests.authorisation.scene import Scene
from tests.cast import SERVER
from tests.conformance.names import ODD, RESTRICTING, VICTIM, Known

V3 = "/_matrix/client/v3"
ASKERS = (ADMINISTRATOR, ADMINISTRATOR, MODERATOR, MEMBER, MEMBER, STRANGER, LEFT, SERVER_ADMINISTRATOR)
DANGEROUS = (
    "POST /logout",
    "/account/deactivate",
    "/account/password",
    "/delete_devices",
    "DELETE /devices/",
    "/refresh",
)
"""Operations that only the victim asks."""
NO_WAITING = {"timeout": "0", "timeout_ms": "0"}
SHAPES: tuple[dict[str, Any], ...] = (
    {"room": {"timeline": {"limit": 3, "lazy_load_members": True}, "include_leave": True}},
    {"room": {"state": {"types": ["m.room.*"]}, "timeline": {"not_senders": ["@boris:veche.test"]}}},
    {"event_fields": ["type", "content.body"], "presence": {"types": []}},
    {"related_by_rel_types": ["m.thread"], "contains_url": False, "limit": 2},
)
Drawn = TypeVar("Drawn")


class Draw(Protocol):
    """Draws what hypothesis chooses."""

    def __call__(self, strategy: st.SearchStrategy[Drawn]) -> Drawn: ...


class Case(Protocol):
    """What schemathesis makes of an operation. ``body`` may be a sign that there is none."""

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def path_parameters(self) -> Mapping[str, Any] | None: ...

    @property
    def query(self) -> Mapping[str, Any] | None: ...

    @property
    def body(self) -> Any: ...


class Request(msgspec.Struct, frozen=True):
    """What is sent."""

    asker: str
    method: str
    path: str
    query: dict[str, Any]
    body: bytes | None


def aimed(draw: Draw, case: Case, scene: Scene) -> Request:
    """Return a request like the case, with known names in most places."""
    path = case.path.strip()
    asker = draw(_asker_for(f"{case.method.upper()} {path.removeprefix(V3)}"))
    known = Known(scene, asker, draw(st.sampled_from(list(scene.events))))
    is_about_victim = any(part in path for part in RESTRICTING)
    for name, value in (case.path_parameters or {}).items():
        named = f"@{VICTIM}:{SERVER}" if is_about_victim else _segment(draw, name, value, known)
        path = path.replace("{" + name + "}", quote(named, safe="", errors="replace"))
    query = {name: _named(draw, name, value, known) for name, value in (case.query or {}).items()}
    body = _encoded(_named(draw, "", _body(case), known))
    return Request(asker, case.method.upper(), path, {**query, **NO_WAITING}, body)


def _asker_for(operation: str) -> st.SearchStrategy[str]:
    if any(part in operation for part in DANGEROUS):
        return st.just(VICTIM)
    if any(part in operation for part in RESTRICTING):
        return st.sampled_from((SERVER_ADMINISTRATOR, MEMBER))
    return st.sampled_from((*ASKERS, "nobody"))


def _segment(draw: Draw, name: str, value: Any, known: Known) -> str:
    """A segment of the path: odd in one of eight cases."""
    names = known.of(name)
    if names is None or not draw(st.integers(0, 7)):
        names = st.sampled_from((str(value), *ODD)) if names is not None else st.just(str(value) or "x")
    return draw(names)


def _named(draw: Draw, name: str, value: Any, known: Known) -> Any:
    """Walk into a value, and put known names where names are expected, in seven of eight cases."""
    if name == "filter" and isinstance(value, str):
        return draw(st.sampled_from((value, *map(json.dumps, SHAPES))))
    if isinstance(value, dict):
        return {key: _named(draw, key, inner, known) for key, inner in value.items()}
    if isinstance(value, list):
        return [_named(draw, name, inner, known) for inner in value]
    names = known.of(name) if isinstance(value, str) else None
    return draw(names) if names is not None and draw(st.integers(0, 7)) else value


def _body(case: Case) -> Any:
    """The body, None where there is none: the tool has a sign of its own for that."""
    return case.body if isinstance(case.body, dict | list | str | bytes | int | float | None) else None


def _encoded(body: Any) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    return json.dumps(body).encode()
