"""Files and short links: lists, usage, making links, taking both away. One's own, and for administrators all."""

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint, RequestFacts
from veche.api.veche.accounts.administering import ACCOUNT
from veche.commands import media as commands
from veche.domain.ids import UserId
from veche.domain.media import File, Link, MediaId, Usage, media_uri
from veche.domain.sessions import Asker
from veche.queries import media as queries
from veche.queries.media import FilePage


class LinkRequest(msgspec.Struct, frozen=True):
    """``POST /media/{media_id}/link``."""

    media_id: str
    request: RequestFacts


class LinksRequest(msgspec.Struct, frozen=True):
    """``GET /media/links``: ``user_id`` names whose; without it an administrator sees all, anybody else their own."""

    request: RequestFacts
    user_id: UserId | None = None
    from_: str | None = msgspec.field(name="from", default=None)
    limit: int = 100


class OneLink(msgspec.Struct, frozen=True):
    """``DELETE /media/links/{short}``."""

    short: str


class OwnFilesRequest(msgspec.Struct, frozen=True):
    """``GET /media/files``."""

    from_: str | None = msgspec.field(name="from", default=None)
    limit: int = 100


class FilesRequest(msgspec.Struct, frozen=True):
    """``GET /accounts/{user_id}/files``."""

    user_id: UserId
    from_: str | None = msgspec.field(name="from", default=None)
    limit: int = 100


class RemovalBody(msgspec.Struct, frozen=True):
    """Why."""

    reason: str = ""


class Removal(msgspec.Struct, frozen=True):
    """``DELETE /media/files/{media_id}``."""

    media_id: str
    body: RemovalBody


class ShownLink(msgspec.Struct, frozen=True, omit_defaults=True):
    """A short link: ``url`` is its whole address, ``content_uri`` the file's; time in milliseconds since 1970."""

    short: str
    url: str
    content_uri: str
    user_id: UserId
    created_ts: int
    file_name: str | None = None


class Links(msgspec.Struct, frozen=True, omit_defaults=True):
    """Links, the newest first; ``next_batch`` stands where there are more."""

    links: list[ShownLink]
    next_batch: str | None = None


class ShownFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file: size in bytes, type as it was declared, time in milliseconds since 1970."""

    media_id: MediaId
    content_uri: str
    size: int
    content_type: str
    created_ts: int
    file_name: str | None = None


class ShownUsage(msgspec.Struct, frozen=True):
    """What all files of somebody come to; ``quota`` is how many bytes they may come to, 0 for no limit."""

    files: int
    bytes: int
    quota: int


class Files(msgspec.Struct, frozen=True, omit_defaults=True):
    """Files, the newest first; ``next_batch`` stands where there are more."""

    files: list[ShownFile]
    usage: ShownUsage
    next_batch: str | None = None


async def link(door: Door, asker: Asker, request: LinkRequest) -> ShownLink:
    """Give a short link to a file that one may read: always the same, until it is ended."""
    return _shown_link(door, request.request, await commands.link_file(door.commands, asker, request.media_id))


async def links(door: Door, asker: Asker, request: LinksRequest) -> Links:
    """List short links."""
    creator = request.user_id or (None if asker.role == "administrator" else asker.user)
    page = await queries.links(door.queries, asker, creator, request.from_, request.limit)
    return Links([_shown_link(door, request.request, each) for each in page.links], page.next)


async def revoke_link(door: Door, asker: Asker, request: OneLink) -> Empty:
    """End a short link."""
    await commands.revoke_link(door.commands, asker, request.short)
    return Empty()


async def own_files(door: Door, asker: Asker, request: OwnFilesRequest) -> Files:
    """List one's own files, and what they come to."""
    return _shown_files(door, await queries.files(door.queries, asker, asker.user, request.from_, request.limit))


async def files(door: Door, asker: Asker, request: FilesRequest) -> Files:
    """List somebody's files, and what they come to."""
    return _shown_files(door, await queries.files(door.queries, asker, request.user_id, request.from_, request.limit))


async def remove_file(door: Door, asker: Asker, request: Removal) -> Empty:
    """Remove a file for good: one's own, or, as an administrator, anybody's."""
    await commands.remove_file(door.commands, asker, request.media_id, request.body.reason)
    return Empty()


def _shown_link(door: Door, facts: RequestFacts, one: Link) -> ShownLink:
    limits = door.queries.limits
    address = limits.public_address or f"{'https' if facts.is_secure else 'http'}://{facts.host}"
    url = f"{address.rstrip('/')}/f/{one.short}"
    uri = media_uri(limits.server_name, one.media_id)
    return ShownLink(one.short, url, uri, one.creator, one.created_ts, one.file_name)


def _shown_files(door: Door, page: FilePage) -> Files:
    limits, usage = door.queries.limits, page.usage
    shown = [_shown_file(limits.server_name, file) for file in page.files]
    return Files(shown, _shown_usage(usage, limits.quota_per_person), page.next)


def _shown_file(server_name: str, file: File) -> ShownFile:
    uri = media_uri(server_name, file.media_id)
    return ShownFile(file.media_id, uri, file.size, file.content_type, file.created_ts, file.file_name)


def _shown_usage(usage: Usage, quota: int) -> ShownUsage:
    return ShownUsage(usage.files, usage.bytes, quota)


_MEDIA = "/_veche/v1/media"

ENDPOINTS = (
    Endpoint("POST", f"{_MEDIA}/{{media_id}}/link", "user", "write", LinkRequest, ShownLink, link),
    Endpoint("GET", f"{_MEDIA}/links", "user", "read", LinksRequest, Links, links),
    Endpoint("DELETE", f"{_MEDIA}/links/{{short}}", "user", "write", OneLink, Empty, revoke_link, hides_path=True),
    Endpoint("GET", f"{_MEDIA}/files", "user", "read", OwnFilesRequest, Files, own_files),
    Endpoint("GET", f"{ACCOUNT}/files", "administrator", "read", FilesRequest, Files, files),
    Endpoint(
        "DELETE", f"{_MEDIA}/files/{{media_id}}", "user", "write", Removal, Empty, remove_file, body_optional=True
    ),
)
