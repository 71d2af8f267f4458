"""From a request's parts to the endpoint's request record; every fault becomes a refusal that names the field.

Also which language a request asks for.
"""

import re
import types
from typing import Any, Union, get_args, get_origin
from urllib.parse import parse_qsl

import msgspec

from veche.api.http.contract import BodyStream, Endpoint, RequestFacts
from veche.base import json
from veche.domain.refusals import Refusal, Refused, bad_json, invalid_param, missing_param
from veche.domain.settings import Language, language_of

NOT_JSON = "M_NOT_JSON"
MOST_PARAMETERS = 1000
_MOST_PREFERENCES = 20
_PATH_NAME = re.compile(r"\{(\w+)\}")
_FAULT_PATH = re.compile(r" - at `\$\.?([^`]*)`")


def wants_stream(endpoint: Endpoint) -> bool:
    """Say whether the endpoint reads the body by itself."""
    return _plan(endpoint).wants_stream


def read(endpoint: Endpoint, path: dict[str, str], query: bytes, body: bytes | BodyStream, facts: RequestFacts) -> Any:
    """Build the endpoint's request record; ``body`` is a stream where the endpoint wants one.

    Raises 400 M_NOT_JSON, M_BAD_JSON, M_MISSING_PARAM or M_INVALID_PARAM, each naming what is wrong.
    """
    plan = _plan(endpoint)
    values: dict[str, Any] = dict(path)
    if plan.query:
        values.update(_query(plan, query))
    if not isinstance(body, bytes):
        values["stream"] = body
    elif plan.body is not None:
        values["body"] = read_body(plan.body, body, optional=endpoint.body_optional)
    if plan.wants_facts:
        values["request"] = facts
    try:
        return endpoint.request(**values)
    except TypeError:
        missing = [wire for name, wire in plan.required.items() if name not in values]
        raise Refused(missing_param(f"The parameter {missing[0]} is missing.", missing[0])) from None


class _Plan(msgspec.Struct, frozen=True):
    """Where the fields of a request record come from.

    ``query`` maps names on the wire to fields and types, ``required`` fields to names on the wire.
    """

    query: dict[str, tuple[str, Any]]
    required: dict[str, str]
    body: Any
    wants_facts: bool
    wants_stream: bool


_PLANS: dict[tuple[type[Any], str], _Plan] = {}
_DECODERS: dict[Any, msgspec.json.Decoder[Any]] = {}


def _plan(endpoint: Endpoint) -> _Plan:
    key = (endpoint.request, endpoint.path)
    plan = _PLANS.get(key)
    if plan is None:
        in_path = {name for path in (endpoint.path, *endpoint.aliases) for name in path_names(path)}
        plan = _PLANS[key] = _made_plan(endpoint.request, in_path)
    return plan


def _made_plan(record: type[Any], in_path: set[str]) -> _Plan:
    query: dict[str, tuple[str, Any]] = {}
    body: Any = None
    wants_facts = wants_stream = False
    required: dict[str, str] = {}
    for field in msgspec.structs.fields(record):
        if field.name in in_path:
            continue
        if field.name == "body":
            body = field.type
        elif field.name == "request":
            wants_facts = True
        elif field.name == "stream":
            wants_stream = True
        else:
            query[field.encode_name] = (field.name, field.type)
            if field.required:
                required[field.name] = field.encode_name
    return _Plan(query, required, body, wants_facts, wants_stream)


def path_names(path: str) -> list[str]:
    """Return the names of a path's parameters."""
    return _PATH_NAME.findall(path)


def _query(plan: _Plan, query: bytes) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if not query:
        return values
    if query.count(b"&") >= MOST_PARAMETERS:
        raise Refused(invalid_param(f"A query has at most {MOST_PARAMETERS} parameters."))
    try:
        pairs = parse_qsl(query.decode(), keep_blank_values=True, errors="strict")
    except (UnicodeDecodeError, ValueError):
        raise Refused(invalid_param("The query string is not UTF-8.")) from None
    for name, text in pairs:
        if "\x00" in text:
            raise Refused(invalid_param(f"The parameter {name!r} holds a NUL character."))
        if name in plan.query:
            field, kind = plan.query[name]
            if _is_list(kind):
                values.setdefault(field, []).append(text)
            else:
                values[field] = _converted(name, text, kind)
    return values


def _is_list(kind: Any) -> bool:
    return get_origin(kind) in (list, tuple)


def _converted(name: str, text: str, kind: Any) -> Any:
    if text == "" and _takes_none(kind) and str not in get_args(kind):
        return None
    try:
        value = msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as fault:
        raise Refused(invalid_param(f"The parameter {name} is wrong: {fault}", name)) from None
    if type(value) is int and abs(value) > json.LARGEST_INTEGER:
        raise Refused(invalid_param(f"The parameter {name} is beyond 2^53 - 1.", name))
    return value


def _takes_none(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType) and type(None) in get_args(kind)


def read_body(kind: Any, body: bytes, *, optional: bool = False) -> Any:
    """Decode a body to a type; raises 400 M_NOT_JSON or M_BAD_JSON, naming the field."""
    if not body.strip() and optional:
        body = b"{}"
    if kind is bytes:
        return body
    if isinstance(kind, type):
        decode(body)  # what a record passes over, or keeps as bytes, has to be JSON as well
    try:
        return _decoder(kind).decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as fault:
        decode(body)  # what is not JSON at all is said first
        raise Refused(_shape_fault(str(fault))) from None


def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    decoder = _DECODERS.get(kind)
    if decoder is None:
        decoder = _DECODERS[kind] = msgspec.json.Decoder(kind)
    return decoder


def decode(body: bytes) -> Any:
    """Decode a foreign body: 400 M_NOT_JSON where it is not JSON."""
    try:
        return json.decode_foreign(body)
    except json.NotJson as fault:
        raise Refused(Refusal(NOT_JSON, 400, f"The body is not JSON: {fault}")) from None


def _shape_fault(text: str) -> Refusal:
    """Name the field at fault; a missing one has its own code (section Standard error response)."""
    missing = re.search(r"missing required field `([^`]+)`", text)
    if missing:
        return missing_param(f"The field {missing[1]} is missing.", missing[1])
    place = _FAULT_PATH.search(text)
    field = place[1] if place and place[1] else None
    return bad_json(text.replace("`$.", "`").replace(" - at `$`", ""), field)


def chosen_language(asked: str | None, accepted: str | None, otherwise: Language = "en") -> Language:
    """Return the language to answer in: the one asked for by ``?lang=``, else the first preferred that we have.

    ``accepted`` is the header Accept-Language (RFC 9110, section 12.5.4), ``otherwise`` for those who name none.
    """
    tags = (asked or "", *_preferred(accepted or ""))
    return next(filter(None, map(language_of, tags)), otherwise)


def _preferred(accepted: str) -> list[str]:
    """Return the tags that a header names, the dearest first."""
    weighed = map(_weighed, accepted.split(",")[:_MOST_PREFERENCES])
    return [tag for _, tag in sorted((each for each in weighed if 0 < each[0] <= 1), key=lambda each: -each[0])]


def _weighed(part: str) -> tuple[float, str]:
    """Read ``fr-CA;q=0.8`` as (0.8, "fr-CA"). What cannot be read counts for nothing."""
    tag, _, weight = part.partition(";")
    try:
        share = float(weight.strip().removeprefix("q=")) if weight else 1.0
    except ValueError:
        share = 0.0
    return share, tag
