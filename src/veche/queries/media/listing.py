"""Lists of files and links, the newest first, for their owners and administrators."""

from collections.abc import Sequence

import msgspec

from veche.domain.ids import LONGEST, UserId
from veche.domain.media import File, Link, Usage, may_list
from veche.domain.refusals import Refused, invalid_param, refuse
from veche.domain.sessions import Asker
from veche.queries.context import ReadContext
from veche.storage.media import files as file_rows
from veche.storage.media import links as link_rows
from veche.storage.rows import Rows

MOST_AT_ONCE = 500
_Place = tuple[int, str]


class FilePage(msgspec.Struct, frozen=True):
    """Some of somebody's files, what all of them come to, and where the next page begins, if there is one."""

    files: list[File]
    usage: Usage
    next: str | None


class LinkPage(msgspec.Struct, frozen=True):
    """Some links, and where the next page begins, if there is one."""

    links: list[Link]
    next: str | None


async def files(ctx: ReadContext, asker: Asker, owner: UserId, start: str | None, limit: int) -> FilePage:
    """Return a page of somebody's files; 403 for other people's, unless the asker administrates."""
    refuse(may_list(asker, owner))
    before, most = _place(start), _most(limit)

    def read(at: Rows) -> FilePage:
        found = file_rows.page(at, owner, before, most + 1)
        places = [(file.created_ts, str(file.media_id)) for file in found]
        return FilePage(found[:most], file_rows.usage(at, owner), _next(places, most))

    return await ctx.reader.run(read)


async def links(ctx: ReadContext, asker: Asker, creator: UserId | None, start: str | None, limit: int) -> LinkPage:
    """Return a page of somebody's links, or of everybody's; 403 for others than one's own, unless one administrates."""
    refuse(may_list(asker, creator))
    before, most = _place(start), _most(limit)

    def read(at: Rows) -> LinkPage:
        found = link_rows.page(at, creator, before, most + 1)
        return LinkPage(found[:most], _next([(link.created_ts, link.short) for link in found], most))

    return await ctx.reader.run(read)


def _most(limit: int) -> int:
    return max(1, min(limit, MOST_AT_ONCE))


def _place(start: str | None) -> _Place | None:
    """Read where a page begins: time and name of the last one seen."""
    if start is None:
        return None
    time, _, name = start.partition(".")
    if not (time.isdecimal() and time.isascii() and len(time) <= 16 and name and len(name) <= LONGEST):
        raise Refused(invalid_param("That is not where a page begins.", "from"))
    return int(time), name


def _next(places: Sequence[_Place], most: int) -> str | None:
    return f"{places[most - 1][0]}.{places[most - 1][1]}" if len(places) > most else None
