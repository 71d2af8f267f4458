"""How a file is put on the wire, whoever asks for it: headers that keep browsers from running it, ranges, revalidation.

Who may have it was decided before.
"""

import re

import msgspec

from veche.api.http.contract import Door, Reply, RequestFacts, StreamedReply
from veche.domain.ids import Digest
from veche.domain.media import File, Told, clean_name, disposition, told_type
from veche.domain.media.thumbnails import Thumbnail
from veche.domain.sessions import Asker
from veche.queries import media as queries

Headers = tuple[tuple[bytes, bytes], ...]

SANDBOX = (
    b"sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf; style-src 'unsafe-inline';"
    b" media-src 'self'; object-src 'self';"
)
"""The specification's policy, and the right to play a film that was opened by itself."""
CACHE = b"private, max-age=86400, immutable"
_SAFE: Headers = (
    (b"content-security-policy", SANDBOX),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", CACHE),
    (b"vary", b"authorization, accept"),
    (b"accept-ranges", b"bytes"),
)
_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))\Z", re.ASCII)
_THUMBNAIL_NAMES = {"image/jpeg": "thumbnail.jpg", "image/png": "thumbnail.png", "image/webp": "thumbnail.webp"}


class Body(msgspec.Struct, frozen=True):
    """What is served: contents, their size in bytes, their type and the header that says how to show them."""

    digest: Digest
    size: int
    content_type: str
    disposition: str


class Part(msgspec.Struct, frozen=True):
    """A piece of the contents: ``length`` bytes from ``start``."""

    start: int
    length: int


async def file_reply(
    door: Door, asker: Asker, facts: RequestFacts, file: File, name: str | None = None, *, saves: bool = False
) -> Reply | StreamedReply:
    """Serve a file that has been uploaded, under ``name`` where one is given; ``saves`` lets a browser only save it."""
    assert file.digest is not None
    told: Told = told_type(file.content_type)
    shown = disposition(clean_name(name) or file.file_name, is_inline=told.is_inline and not saves)
    return await _reply(door, asker, facts, Body(file.digest, file.size, told.content_type, shown))


async def thumbnail_reply(door: Door, asker: Asker, facts: RequestFacts, made: Thumbnail) -> Reply | StreamedReply:
    """Serve a thumbnail, which always may be shown: this server made it."""
    assert made.digest is not None
    shown = disposition(_THUMBNAIL_NAMES.get(made.content_type, "thumbnail"), is_inline=True)
    return await _reply(door, asker, facts, Body(made.digest, made.size, made.content_type, shown))


async def _reply(door: Door, asker: Asker, facts: RequestFacts, body: Body) -> Reply | StreamedReply:
    tag = f'"{body.digest}"'
    headers: Headers = (*_SAFE, (b"etag", tag.encode()), (b"content-disposition", body.disposition.encode()))
    if _is_known(facts.header(b"if-none-match"), tag):
        return Reply(b"", 304, body.content_type.encode(), headers)
    part = _part(facts.header(b"range"), body.size)
    if part is None:
        return await _streamed(door, asker, body, Part(0, body.size), 200, headers)
    if not part.length:
        return Reply(b"", 416, body.content_type.encode(), (*headers, (b"content-range", b"bytes */%d" % body.size)))
    place = b"bytes %d-%d/%d" % (part.start, part.start + part.length - 1, body.size)
    return await _streamed(door, asker, body, part, 206, (*headers, (b"content-range", place)))


async def _streamed(door: Door, asker: Asker, body: Body, part: Part, status: int, headers: Headers) -> StreamedReply:
    length = None if part.length == body.size else part.length  # a whole one is checked against its digest
    parts = await queries.contents(door.queries, asker, body.digest, part.start, length)
    return StreamedReply(parts, part.length, status, body.content_type.encode(), headers)


def _is_known(condition: str | None, tag: str) -> bool:
    """Say whether the client has these contents already (RFC 9110, If-None-Match)."""
    if condition is None:
        return False
    return condition.strip() == "*" or tag in {one.strip().removeprefix("W/") for one in condition.split(",")}


def _part(wish: str | None, size: int) -> Part | None:
    """Return the piece that a Range header asks for, an empty one where there is none; None for all of it.

    Several ranges at once, and what is no range, are answered with all of it (RFC 9110, Range).
    """
    found = _RANGE.match(wish.strip()) if wish is not None else None
    if found is None:
        return None
    if found[3] is not None:
        length = min(int(found[3]), size)
        return Part(size - length, length)
    start, last = int(found[1]), int(found[2]) if found[2] else size - 1
    if found[2] and last < start:
        return None
    return Part(start, max(0, min(last, size - 1) - start + 1))
