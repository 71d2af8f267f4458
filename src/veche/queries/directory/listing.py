"""The list of public rooms, page by page."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import msgspec

from veche.domain.accounts.transliteration import transliterated
from veche.domain.directory.people import LONGEST_TERM
from veche.domain.directory.summaries import PUBLISHED, SEARCHED, RoomSummary, mentions, published, type_of
from veche.domain.events import CREATE
from veche.domain.ids import RoomId
from veche.domain.refusals import Refused, invalid_param
from veche.queries.context import ReadContext
from veche.queries.directory.summaries import faces_of, summaries
from veche.storage import directory
from veche.storage.reader import Snapshot

Place = tuple[int, RoomId]
"""Where a room stands in the list: less its number of members, so that the largest come first, then its id."""

_END: Place = (1, RoomId("!"))  # behind every room, as no room has less than no members
_TOKEN = re.compile(r"([nb])(-?\d{1,9})(!.*)\Z", re.ASCII | re.DOTALL)


class RoomSearch(msgspec.Struct, frozen=True):
    """Which public rooms are wanted: by a word in name, topic or alias, by type (None: those without one).

    ``since`` is a token of another page.
    """

    term: str
    types: tuple[str | None, ...] | None
    limit: int
    since: str = ""


class RoomsPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page of the list (definition ``public_rooms_response``)."""

    chunk: list[RoomSummary]
    total_room_count_estimate: int
    next_batch: str | None = None
    prev_batch: str | None = None


async def public_rooms(ctx: ReadContext, wish: RoomSearch) -> RoomsPage:
    """Return a page of the public rooms, the largest first. Raises 400 for a token that is none.

    A token names a place between two rooms and not a number of rooms: one that keeps its size is shown exactly once
    on the way through all pages, whatever other rooms do meanwhile.
    """
    since = _read_token(wish.since) if wish.since else None

    def read(at: Snapshot) -> RoomsPage:
        fitting = _fitting(at, wish)
        places = sorted((-joined, room) for room, (_, joined) in fitting.items())
        start, end = _bounds(places, since, wish.limit)
        shown = [room for _, room in places[start:end]]
        found = summaries(faces_of(at, shown, PUBLISHED), fitting)
        return RoomsPage(
            [published(found[room]) for room in shown],
            len(places),
            _token("n", places[end - 1]) if end < len(places) else None,
            _token("b", places[start] if start < len(places) else _END) if start else None,
        )

    return await ctx.reader.run(read)


def _fitting(at: Snapshot, wish: RoomSearch) -> dict[RoomId, directory.Frame]:
    """Return the frames of the listed rooms that are wanted; a term of such a length is nowhere."""
    if len(wish.term) > LONGEST_TERM:
        return {}
    listed = directory.published(at)
    term = transliterated(wish.term)
    kinds = (*(SEARCHED if term else ()), *((CREATE,) if wish.types is not None else ()))
    if not kinds:
        return listed
    faces = faces_of(at, listed, kinds)
    return {
        room: frame
        for room, frame in listed.items()
        if (wish.types is None or type_of(faces[room]) in wish.types) and (not term or mentions(faces[room], term))
    }


def _bounds(places: Sequence[Place], since: tuple[str, Place] | None, limit: int) -> tuple[int, int]:
    """Return where the wanted page begins and ends."""
    if since is None:
        return 0, limit
    direction, place = since
    if direction == "n":
        start = bisect_right(places, place)
        return start, start + limit
    end = bisect_left(places, place)
    return max(0, end - limit), end


def _token(direction: str, place: Place) -> str:
    return f"{direction}{-place[0]}{place[1]}"


def _read_token(text: str) -> tuple[str, Place]:
    found = _TOKEN.match(text)
    if found is None:
        raise Refused(invalid_param("since is not a token of this server", "since"))
    return found[1], (-int(found[2]), RoomId(found[3]))
