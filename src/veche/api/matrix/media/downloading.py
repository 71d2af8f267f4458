"""Downloading files and thumbnails. The old paths open nothing without a token (section Content repository)."""

import msgspec

from veche.api.http.contract import Door, Endpoint, Reply, RequestFacts, StreamedReply
from veche.api.matrix.media.serving import file_reply, thumbnail_reply
from veche.commands import media as commands
from veche.domain.media import MediaId, Method, may_want, size_for
from veche.domain.refusals import refuse
from veche.domain.sessions import Asker
from veche.queries import media as queries

PATIENCE_MS = 20_000


class Download(msgspec.Struct, frozen=True):
    """``GET /download/{serverName}/{mediaId}``."""

    server_name: str
    media_id: str
    request: RequestFacts
    timeout_ms: int = PATIENCE_MS


class NamedDownload(msgspec.Struct, frozen=True):
    """``GET /download/{serverName}/{mediaId}/{fileName}``."""

    server_name: str
    media_id: str
    file_name: str
    request: RequestFacts
    timeout_ms: int = PATIENCE_MS


class WantedThumbnail(msgspec.Struct, frozen=True):
    """``GET /thumbnail/{serverName}/{mediaId}``."""

    server_name: str
    media_id: str
    width: int
    height: int
    request: RequestFacts
    method: Method = "scale"
    animated: bool = False
    timeout_ms: int = PATIENCE_MS


async def download(door: Door, asker: Asker, wish: Download) -> Reply | StreamedReply:
    """Serve a file under its own name."""
    file = await queries.file(door.queries, asker, wish.server_name, wish.media_id, wish.timeout_ms)
    return await file_reply(door, asker, wish.request, file)


async def download_named(door: Door, asker: Asker, wish: NamedDownload) -> Reply | StreamedReply:
    """Serve a file under the name that the caller gives it."""
    file = await queries.file(door.queries, asker, wish.server_name, wish.media_id, wish.timeout_ms)
    return await file_reply(door, asker, wish.request, file, wish.file_name)


async def thumbnail(door: Door, asker: Asker, wish: WantedThumbnail) -> Reply | StreamedReply:
    """Serve a thumbnail, made now where nobody has asked for it before (section Thumbnails)."""
    refuse(may_want(wish.width, wish.height))
    size = size_for(wish.width, wish.height, wish.method, animated=wish.animated)
    where = (wish.server_name, wish.media_id, size)
    made = await queries.thumbnail(door.queries, asker, *where, wish.timeout_ms)
    while made is None:
        await commands.make_thumbnail(door.commands, asker, MediaId(wish.media_id), size)
        made = await queries.thumbnail(door.queries, asker, *where, 0)
    return await thumbnail_reply(door, asker, wish.request, made)


_NEW = "/_matrix/client/v1/media"
_OLD = "/_matrix/media/v3"
_FILE = "/download/{server_name}/{media_id}"
_NAMED = f"{_FILE}/{{file_name}}"
_THUMBNAIL = "/thumbnail/{server_name}/{media_id}"

# Old clients may send a token; to whoever sends none, nothing is there.
ENDPOINTS = (
    Endpoint("GET", _NEW + _FILE, "user", "read", Download, StreamedReply, download),
    Endpoint("GET", _NEW + _NAMED, "user", "read", NamedDownload, StreamedReply, download_named),
    Endpoint("GET", _NEW + _THUMBNAIL, "user", "read", WantedThumbnail, StreamedReply, thumbnail),
    Endpoint("GET", _OLD + _FILE, "public", "read", Download, StreamedReply, download),
    Endpoint("GET", _OLD + _NAMED, "public", "read", NamedDownload, StreamedReply, download_named),
    Endpoint("GET", _OLD + _THUMBNAIL, "public", "read", WantedThumbnail, StreamedReply, thumbnail),
)
