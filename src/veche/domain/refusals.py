"""Refusals: typed values with their protocol code, returned by rules and raised by commands.

One place at the door turns them into replies; nothing here knows HTTP beyond the status number.
"""

from typing import Any

import msgspec


class Refusal(msgspec.Struct, frozen=True):
    """Why something was not done: protocol code, HTTP status, one sentence, the field at fault, extras."""

    code: str
    status: int
    text: str
    field: str | None = None
    extra: dict[str, Any] | None = None


class Refused(Exception):
    """Raised by commands and queries to carry a ``Refusal`` up to the door."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.text)
        self.refusal = refusal


def forbidden(text: str) -> Refusal:
    """403: the asker may not do this."""
    return Refusal("M_FORBIDDEN", 403, text)


def not_found(text: str) -> Refusal:
    """404: the thing does not exist, or not for this asker."""
    return Refusal("M_NOT_FOUND", 404, text)


def bad_json(text: str, field: str | None = None) -> Refusal:
    """400: JSON of the wrong shape; names the field."""
    return Refusal("M_BAD_JSON", 400, text, field)


def invalid_param(text: str, field: str | None = None) -> Refusal:
    """400: a parameter has a value that is not allowed."""
    return Refusal("M_INVALID_PARAM", 400, text, field)


def missing_param(text: str, field: str | None = None) -> Refusal:
    """400: a required parameter is missing."""
    return Refusal("M_MISSING_PARAM", 400, text, field)


def too_large(text: str) -> Refusal:
    """413: the event or body is larger than allowed."""
    return Refusal("M_TOO_LARGE", 413, text)


def bad_state(text: str) -> Refusal:
    """403: the change does not fit the present state of the thing (membership, for example)."""
    return Refusal("M_BAD_STATE", 403, text)


def refuse(refusal: Refusal | None) -> None:
    """Raise ``Refused`` if a rule answered with a refusal."""
    if refusal is not None:
        raise Refused(refusal)
