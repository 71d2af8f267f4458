"""JSON as the server keeps it: canonical bytes, decoded strictly.

Only encoding, decoding and the limits of a value live here; what a value means does not.
"""

import re
from typing import Any

import msgspec

LARGEST_INTEGER = 2**53 - 1
DEEPEST = 100

_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder()


class BadJson(ValueError):
    """The text is JSON, yet holds a value that canonical JSON does not allow. The message names it."""


class NotJson(ValueError):
    """The text is not JSON at all. The message says where it goes wrong."""


def encode(value: Any) -> bytes:
    """Encode ``value`` as UTF-8 JSON: sorted keys, no spaces (appendices, section Canonical JSON)."""
    return _encoder.encode(value)


def decode(text: bytes) -> Any:
    """Decode JSON that this server wrote itself; no limits are checked again."""
    return _decoder.decode(text)


def decode_foreign(text: bytes) -> Any:
    """Decode JSON that came from outside.

    Raises ``NotJson`` for what is not JSON (also NaN, lone surrogates, nesting beyond the decoder).
    """
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as fault:
        raise NotJson("a text holds one half of a surrogate pair" if _is_torn(text) else str(fault)) from None


def _is_torn(text: bytes) -> bool:
    """Say whether an escaped surrogate stands alone: the decoder may take it for a text that ends too early."""
    return _SURROGATE.search(_PAIR.sub(b"", text)) is not None


def canonical(value: Any) -> bytes:
    """Encode ``value`` as canonical JSON; raise ``BadJson`` for floats, huge integers or deep nesting."""
    check(value)
    return _encoder.encode(value)


def check(value: Any, depth: int = 0) -> None:
    """Raise ``BadJson`` unless ``value`` fits canonical JSON: integers within ±(2**53 - 1), no floats."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return
    if kind is dict:
        _check_all(value.values(), depth)
    elif kind is list:
        _check_all(value, depth)
    elif kind is int:
        if not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
            raise BadJson(f"the integer {value} is beyond 2^53 - 1")
    else:
        raise BadJson(f"the number {value!r} is not an integer")


def _check_all(values: Any, depth: int) -> None:
    if depth >= DEEPEST:
        raise BadJson(f"nested deeper than {DEEPEST} levels")
    for value in values:
        check(value, depth + 1)
