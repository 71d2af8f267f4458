"""From records and refusals to bytes on the wire. CORS headers stand on every answer, errors too."""

from typing import Any

import msgspec

from veche.api.http.contract import Reply, StreamedReply
from veche.base import json
from veche.domain.refusals import Refusal

Headers = list[tuple[bytes, bytes]]

CORS: Headers = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, POST, PUT, DELETE, OPTIONS, HEAD, PATCH"),
    (b"access-control-allow-headers", b"X-Requested-With, Content-Type, Authorization, Date"),
    (b"access-control-expose-headers", b"Retry-After, X-Request-Id"),
]
_JSON_HEADERS: Headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), *CORS]
_encoder = msgspec.json.Encoder()


def reply_of(result: Any) -> Reply | StreamedReply:
    """Turn what an endpoint returned into a reply."""
    if isinstance(result, Reply | StreamedReply):
        return result
    if isinstance(result, msgspec.Raw):
        return Reply(bytes(result))
    return Reply(_encoder.encode(result))


def reply_of_refusal(refusal: Refusal) -> Reply:
    """Turn a refusal into the standard error object; one without a code is a question (reauthentication)."""
    body: dict[str, Any] = {"errcode": refusal.code, "error": refusal.text} if refusal.code else {}
    if refusal.field is not None:
        body["org.veche.field"] = refusal.field
    body.update(refusal.extra or {})
    retry = body.get("retry_after_ms")
    headers = ((b"retry-after", b"%d" % -(-retry // 1000)),) if retry is not None else ()
    return Reply(json.encode(body), refusal.status, headers=headers)


def headers_of(reply: Reply | StreamedReply, request_id: bytes) -> Headers:
    """Return the headers of a reply."""
    if reply.content_type == b"application/json":
        base = _JSON_HEADERS
    else:
        base = [(b"content-type", reply.content_type), *CORS]
    length = len(reply.body) if isinstance(reply, Reply) else reply.length
    if reply.status != 304:  # it would have to be that of what the client has already
        base = [*base, (b"content-length", b"%d" % length)]
    return [*base, (b"x-request-id", request_id), *reply.headers]
