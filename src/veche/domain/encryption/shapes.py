"""What all uploads have in common: names within bounds, objects of the right shape, bytes within bounds."""

from typing import Any, TypeVar

import msgspec

from veche.base import json
from veche.domain.ids import fits
from veche.domain.refusals import Refusal, bad_json, too_large

T = TypeVar("T")

LARGEST_OBJECT = 65_536
"""Bytes of one key, of one session's backup, or of one message to a device."""


def is_name(text: str) -> bool:
    """Say whether ``text`` may name a key, a device, an algorithm, a session: 1 to 255 bytes without NUL."""
    return bool(text) and "\x00" not in text and fits(text)


def read_shape(given: Any, kind: type[T], field: str) -> T | Refusal:
    """Read ``given`` as a record; refuses with 400 M_BAD_JSON, naming the field."""
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as fault:
        return bad_json(f"{field} is wrong: {fault}", field)


def encode_object(value: Any, field: str) -> bytes | Refusal:
    """Encode ``value`` as canonical JSON; refuses with 400 what that does not allow, with 413 what is too large."""
    try:
        encoded = json.canonical(value)
    except json.BadJson as fault:
        return bad_json(f"{field} is not canonical JSON: {fault}", field)
    if len(encoded) > LARGEST_OBJECT:
        return too_large(f"{field} is larger than {LARGEST_OBJECT} bytes.")
    return encoded
