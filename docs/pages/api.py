"""The page of endpoints, from the one table of the door."""

import inspect
import types
from itertools import groupby
from typing import Any, Union, get_args, get_origin

import msgspec

from veche.api.http.contract import Endpoint
from veche.api.http.requests import path_names
from veche.api.table import ENDPOINTS

HEAD = """\
# Endpoints

*Made from `src/veche/api/table.py` by `python -m docs.generate`.*

What the server answers, by subject. Bodies and answers are those of the Matrix Client-Server specification, version
1.19, unless something else is said. Fields with a question mark may be left out. What stands below
`/_matrix/client/v3` is found below `/_matrix/client/r0`, `v1` and `api/v1` as well, and what stands below
`/_matrix/media/v3` below `r0` and `v1`: clients of earlier versions look for it there.
"""
CALLERS = {"public": "anybody", "user": "anybody signed in", "administrator": "administrators"}


def page() -> str:
    """Return the whole page."""
    ordered = sorted(ENDPOINTS, key=lambda endpoint: (_subject(endpoint), endpoint.path, endpoint.method))
    parts = [HEAD]
    for subject, endpoints in groupby(ordered, key=_subject):
        parts.append(f"\n## {subject.replace('_', ' ').capitalize()}\n")
        parts += [_section(endpoint) for endpoint in endpoints]
    return "".join(parts)


def _subject(endpoint: Endpoint) -> str:
    """``timeline`` for what is declared in ``veche.api.matrix.timeline``."""
    return str(endpoint.serve.__module__).split(".")[3]


def _section(endpoint: Endpoint) -> str:
    said = inspect.cleandoc(endpoint.serve.__doc__ or "").replace("``", "`")
    lines = [f"\n### {endpoint.method} {endpoint.path}\n", said, ""]
    lines.append(f"For {CALLERS[endpoint.caller]}; rate class: {endpoint.rate}.")
    inside = path_names(endpoint.path)
    fields = [
        field for field in msgspec.structs.fields(endpoint.request) if field.name not in (*inside, "request", "body")
    ]
    if fields:
        lines.append("Query: " + ", ".join(_field(field) for field in fields) + ".")
    body = next((field.type for field in msgspec.structs.fields(endpoint.request) if field.name == "body"), None)
    if isinstance(body, type) and issubclass(body, msgspec.Struct):
        lines.append("Body: " + (", ".join(_field(field) for field in msgspec.structs.fields(body)) or "empty") + ".")
    if endpoint.aliases:
        lines.append("Also at " + ", ".join(f"`{path}`" for path in endpoint.aliases) + ".")
    return "\n".join(lines) + "\n"


def _field(field: msgspec.structs.FieldInfo) -> str:
    return f"`{field.encode_name}`{'' if field.required else '?'} ({_type(field.type)})"


def _type(kind: Any) -> str:
    """Say a type in words."""
    origin, inside = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return " or ".join(_type(one) for one in inside if one not in (type(None), msgspec.UnsetType))
    if origin in (list, tuple, set, frozenset):
        return f"list of {_type(inside[0])}" if inside else "list"
    if origin is dict or kind is dict:
        return "object"
    if str(origin) == "typing.Literal":
        return " or ".join(f"`{one}`" for one in inside)
    words = {str: "text", int: "number", bool: "true or false", float: "number", Any: "anything"}
    if kind in words:
        return words[kind]
    if hasattr(kind, "__supertype__"):
        return _type(kind.__supertype__)
    return "object"
