"""Uploading: at once, or in two steps; and how much of it the server takes."""

from typing import Any

import msgspec

from veche.api.http.contract import BodyStream, Door, Empty, Endpoint
from veche.commands import media as commands
from veche.commands.media import Upload
from veche.domain.sessions import Asker


class UploadFile(msgspec.Struct, frozen=True):
    """``POST /upload``: the body is the file."""

    stream: BodyStream
    filename: str | None = None


class FillFile(msgspec.Struct, frozen=True):
    """``PUT /upload/{serverName}/{mediaId}``: the body is the file."""

    server_name: str
    media_id: str
    stream: BodyStream
    filename: str | None = None


class AnnounceFile(msgspec.Struct, frozen=True):
    """``POST /create``."""

    body: dict[str, Any]


class Uploaded(msgspec.Struct, frozen=True):
    """Where the file is."""

    content_uri: str


class Announced(msgspec.Struct, frozen=True):
    """Where the file will be, if it comes before that time (milliseconds since 1970)."""

    content_uri: str
    unused_expires_at: int


async def upload(door: Door, asker: Asker, request: UploadFile) -> Uploaded:
    """Take in a file (section Content repository)."""
    return Uploaded(await commands.upload(door.commands, asker, _sent(request.stream, request.filename)))


async def announce(door: Door, asker: Asker, request: AnnounceFile) -> Announced:
    """Give a file its address before it is uploaded."""
    made = await commands.announce(door.commands, asker)
    return Announced(made.uri, made.expires_ts)


async def fill(door: Door, asker: Asker, request: FillFile) -> Empty:
    """Take in a file that was announced."""
    sent = _sent(request.stream, request.filename)
    await commands.fill(door.commands, asker, request.server_name, request.media_id, sent)
    return Empty()


async def config(door: Door, asker: Asker, query: Empty) -> dict[str, Any]:
    """Return the largest upload in bytes."""
    return {"m.upload.size": door.queries.limits.largest_upload}


def _sent(stream: BodyStream, name: str | None) -> Upload:
    return Upload(stream.parts(), stream.length, stream.content_type, name)


_UPLOAD = "/_matrix/media/v3/upload"
_CONFIG = "/_matrix/client/v1/media/config"
_OLD_CONFIG = ("/_matrix/media/v3/config",)

ENDPOINTS = (
    Endpoint("POST", _UPLOAD, "user", "upload", UploadFile, Uploaded, upload),
    Endpoint(
        "POST", "/_matrix/media/v1/create", "user", "upload", AnnounceFile, Announced, announce, body_optional=True
    ),
    Endpoint("PUT", f"{_UPLOAD}/{{server_name}}/{{media_id}}", "user", "upload", FillFile, Empty, fill),
    Endpoint("GET", _CONFIG, "user", "read", Empty, dict[str, Any], config, aliases=_OLD_CONFIG),
)
