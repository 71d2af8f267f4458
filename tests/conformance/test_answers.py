"""What is not as the specification says is noticed: planted answers of each kind."""

import json
from typing import Any

import pytest

from tests.conformance.answers import Exchanged, faults_of

pytestmark = pytest.mark.usefixtures("specification")
V3 = "/_matrix/client/v3"
GIVEN = {"content-type": "application/json", "access-control-allow-origin": "*"}
LIMITED = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too fast."}


def faults(method: str, path: str, status: int, body: Any, **headers: str) -> list[str]:
    """What is wrong with an answer."""
    told = {**GIVEN, **{name.replace("_", "-"): value for name, value in headers.items()}}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return [fault.what for fault in faults_of(Exchanged(method, path, status, told, raw))]


def error(code: str, **more: Any) -> dict[str, Any]:
    """An error as it ought to be."""
    return {"errcode": code, "error": "It is so.", **more}


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", f"{V3}/account/whoami", 200, {"user_id": "@a:b"}),
        ("GET", "/_matrix/client/r0/account/whoami", 200, {"user_id": "@a:b"}),
        ("GET", f"{V3}/sync", 200, {"next_batch": "s1", "rooms": {"join": {"!r": {"summary": {}}}}}),
        ("PUT", f"{V3}/rooms/!r/state/m.room.name/", 200, {"event_id": "$e"}),
        ("PUT", f"{V3}/rooms/!r/state/m.room.name", 200, {"event_id": "$e"}),
        ("GET", f"{V3}/sync", 401, error("M_UNKNOWN_TOKEN", soft_logout=True)),
        ("GET", f"{V3}/sync", 429, error("M_LIMIT_EXCEEDED", retry_after_ms=7)),
        ("POST", f"{V3}/account/deactivate", 401, {"flows": [{"stages": ["m.login.password"]}]}),
        ("POST", f"{V3}/account/deactivate", 401, error("M_MISSING_TOKEN")),
        ("GET", f"{V3}/no/such/thing", 404, error("M_UNRECOGNIZED")),
        ("DELETE", f"{V3}/sync", 405, error("M_UNRECOGNIZED")),
        ("POST", f"{V3}/rooms/!r/report", 400, error("M_MISSING_PARAM")),
        ("POST", f"{V3}/rooms/!r/report", 400, error("M_INVALID_PARAM")),
        ("PUT", f"{V3}/rooms/!r/state/m.room.name", 413, error("M_TOO_LARGE")),
        ("GET", f"{V3}/sync", 503, error("M_UNKNOWN", retry_after_ms=7)),
        (
            "PUT",
            f"{V3}/rooms/!r/state/m.room.name",
            507,
            error("M_RESOURCE_LIMIT_EXCEEDED", admin_contact="mailto:a@b"),
        ),
        ("GET", "/health", 200, {"anything": "at all"}),
    ],
)
def test_what_is_right(method: str, path: str, status: int, body: Any) -> None:
    assert faults(method, path, status, body) == []


@pytest.mark.parametrize(
    ("method", "path", "status", "body", "what"),
    [
        ("GET", f"{V3}/account/whoami", 200, {}, "required"),
        ("GET", f"{V3}/account/whoami", 200, {"user_id": 7}, "type"),
        ("GET", f"{V3}/account/whoami", 200, {"user_id": "@a"}, "mx-user-id"),
        ("GET", f"{V3}/account/whoami", 200, b"nonsense", "no JSON"),
        ("GET", f"{V3}/account/whoami", 201, {"user_id": "@a:b"}, "declared"),
        ("GET", f"{V3}/sync", 200, {"next_batch": "s1", "rooms": {"join": {"!r": []}}}, "type"),
        ("GET", f"{V3}/sync", 418, error("M_UNKNOWN"), "declared"),
        ("GET", f"{V3}/sync", 403, error("M_USER_IN_USE"), "declared"),
        ("GET", f"{V3}/sync", 403, error("M_INVALID_PARAM"), "declared"),
        ("GET", f"{V3}/sync", 503, error("M_LIMIT_EXCEEDED"), "declared"),
        ("GET", f"{V3}/sync", 403, {"errcode": "M_FORBIDDEN"}, "error"),
        ("GET", f"{V3}/sync", 403, [], "declared"),
        ("GET", f"{V3}/sync", 429, {**LIMITED, "retry_after_ms": "soon"}, "type"),
        ("GET", f"{V3}/sync", 507, error("M_RESOURCE_LIMIT_EXCEEDED"), "admin_contact"),
        ("POST", f"{V3}/createRoom", 400, error("M_MADE_UP"), "anyOf"),
        ("POST", f"{V3}/account/deactivate", 401, {}, "required"),
        ("GET", f"{V3}/no/such/thing", 404, {}, "required"),
    ],
)
def test_what_is_wrong(method: str, path: str, status: int, body: Any, what: str) -> None:
    found = faults(method, path, status, body)
    assert found
    assert any(what in fault for fault in found), found


def test_headers() -> None:
    assert faults("GET", f"{V3}/account/whoami", 200, {"user_id": "@a:b"}, content_type="text/html") == ["is no JSON"]
    without = Exchanged(
        "GET", f"{V3}/account/whoami", 200, {"content-type": "application/json"}, b'{"user_id": "@a:b"}'
    )
    assert [fault.what for fault in faults_of(without)] == ["stands without the CORS headers"]


def test_pictures_and_files() -> None:
    thumbnail = "/_matrix/client/v1/media/thumbnail/veche.test/x"
    assert faults("GET", thumbnail, 200, b"", content_type="image/png", content_disposition="inline") == []
    assert faults("GET", thumbnail, 200, b"", content_type="text/html", content_disposition="inline") != []
    download = "/_matrix/client/v1/media/download/veche.test/x"
    assert faults("GET", download, 200, b"", content_type="text/plain", content_disposition="inline") == []
    assert faults("GET", download, 200, b"", content_type="text/plain") != []
    assert faults("GET", download, 206, b"", content_range="bytes 0-0/1") == []
    assert faults("GET", download, 206, b"") != []
    assert faults("GET", f"{V3}/sync", 206, b"", content_range="bytes 0-0/1") != []
