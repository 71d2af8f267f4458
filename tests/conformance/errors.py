"""What the specification's prose says of errors: which any endpoint may return, and how each one is shaped.

Sections "Standard error response", "Common error codes", "Other error codes", "User-Interactive Authentication",
"Account locking" and "Account suspension" of the Client-Server API, version 1.19.
"""

from typing import Any

import jsonschema_rs

ANYWHERE: dict[int, frozenset[str]] = {
    400: frozenset({"M_BAD_JSON", "M_NOT_JSON", "M_MISSING_PARAM", "M_INVALID_PARAM", "M_UNKNOWN"}),
    401: frozenset({"M_MISSING_TOKEN", "M_UNKNOWN_TOKEN", "M_USER_LOCKED"}),
    403: frozenset({"M_FORBIDDEN", "M_USER_SUSPENDED"}),
    404: frozenset({"M_NOT_FOUND", "M_UNRECOGNIZED"}),
    405: frozenset({"M_UNRECOGNIZED"}),
    413: frozenset({"M_TOO_LARGE"}),
    429: frozenset({"M_LIMIT_EXCEEDED"}),
    500: frozenset({"M_UNKNOWN"}),
    503: frozenset({"M_UNKNOWN", "M_LIMIT_EXCEEDED"}),
    507: frozenset({"M_RESOURCE_LIMIT_EXCEEDED"}),
}
"""The errors that an endpoint may return although its file does not name the status."""

KNOWN = frozenset().union(*ANYWHERE.values()) | {
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
    "M_RESOURCE_LIMIT_EXCEEDED",
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
    """Whether any endpoint may answer with this error."""
    return code in ANYWHERE.get(status, ())
