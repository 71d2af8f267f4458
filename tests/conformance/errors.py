"""Errors that any endpoint may return, those of the specification's prose and those we add, and how each is shaped.

Sections "Standard error response", "Common error codes", "Other error codes", "User-Interactive Authentication",
"Account locking" and "Account suspension" of the Client-Server API, version 1.19.
"""

from typing import Any

import jsonschema_rs

COMMON: dict[int, frozenset[str]] = {
    400: frozenset({"M_BAD_JSON", "M_NOT_JSON", "M_UNKNOWN"}),
    401: frozenset({"M_MISSING_TOKEN", "M_UNKNOWN_TOKEN", "M_USER_LOCKED"}),
    403: frozenset({"M_FORBIDDEN", "M_USER_SUSPENDED"}),
    404: frozenset({"M_NOT_FOUND", "M_UNRECOGNIZED"}),
    405: frozenset({"M_UNRECOGNIZED"}),
    429: frozenset({"M_LIMIT_EXCEEDED"}),
    500: frozenset({"M_UNKNOWN"}),
}
"""What the prose lets any endpoint return, each with its usual status."""

OURS: dict[int, frozenset[str]] = {
    400: frozenset({"M_MISSING_PARAM", "M_INVALID_PARAM"}),
    413: frozenset({"M_TOO_LARGE"}),
    503: frozenset({"M_UNKNOWN"}),
    507: frozenset({"M_RESOURCE_LIMIT_EXCEEDED"}),
}
"""What we let any endpoint return beyond that. The prose does not say so; decision 0025 gives the reason of each."""

KNOWN = frozenset().union(*COMMON.values(), *OURS.values()) | {
    "M_APPSERVICE_LOGIN_UNSUPPORTED",
    "M_BAD_ALIAS",
    "M_BAD_STATE",
    "M_CANNOT_LEAVE_SERVER_NOTICE_ROOM",
    "M_CANNOT_OVERWRITE_MEDIA",
    "M_CAPTCHA_INVALID",
    "M_CAPTCHA_NEEDED",
    "M_CONNECTION_FAILED",
    "M_CONNECTION_TIMEOUT",
    "M_DUPLICATE_ANNOTATION",
    "M_EXCLUSIVE",
    "M_GUEST_ACCESS_FORBIDDEN",
    "M_INCOMPATIBLE_ROOM_VERSION",
    "M_INVALID_ROOM_STATE",
    "M_INVALID_SIGNATURE",
    "M_INVALID_USERNAME",
    "M_INVITE_BLOCKED",
    "M_KEY_TOO_LARGE",
    "M_NOT_YET_UPLOADED",
    "M_PROFILE_TOO_LARGE",
    "M_ROOM_IN_USE",
    "M_SERVER_NOT_TRUSTED",
    "M_THREEPID_AUTH_FAILED",
    "M_THREEPID_DENIED",
    "M_THREEPID_IN_USE",
    "M_THREEPID_MEDIUM_NOT_SUPPORTED",
    "M_THREEPID_NOT_FOUND",
    "M_UNAUTHORIZED",
    "M_UNSUPPORTED_ROOM_VERSION",
    "M_URL_NOT_SET",
    "M_USER_DEACTIVATED",
    "M_USER_IN_USE",
    "M_WEAK_PASSWORD",
    "M_WRONG_ROOM_KEYS_VERSION",
}
OWN = "ORG.VECHE."
"""What the names of our own error codes begin with."""


def _when(code: str, required: list[str], **fields: dict[str, Any]) -> dict[str, Any]:
    is_it = {"properties": {"errcode": {"const": code}}, "required": ["errcode"]}
    return {"if": is_it, "then": {"properties": fields, "required": required}}


_CODE = {"type": "string", "anyOf": [{"enum": sorted(KNOWN)}, {"pattern": "^" + OWN.replace(".", r"\.") + "[A-Z_]+$"}]}
_ERROR = {
    "type": "object",
    "properties": {"errcode": _CODE, "error": {"type": "string", "minLength": 1}},
    "required": ["errcode", "error"],
    "allOf": [
        _when("M_LIMIT_EXCEEDED", [], retry_after_ms={"type": "integer", "minimum": 0}),
        _when("M_RESOURCE_LIMIT_EXCEEDED", ["admin_contact"], admin_contact={"type": "string"}),
        _when("M_WRONG_ROOM_KEYS_VERSION", ["current_version"], current_version={"type": "string"}),
        _when("M_UNKNOWN_TOKEN", [], soft_logout={"type": "boolean"}),
        _when("M_USER_LOCKED", ["soft_logout"], soft_logout={"const": True}),
    ],
}
STANDARD = jsonschema_rs.Draft202012Validator(_ERROR)


def may_be_anywhere(status: int, code: Any) -> bool:
    """Whether any endpoint may answer with this error, by the prose or by our own decision."""
    return code in COMMON.get(status, ()) or code in OURS.get(status, ())
