"""Spaces: the rooms below one, as far as the asker may be shown them (``GET /hierarchy``), page by page."""

from collections.abc import Iterable

import msgspec

from veche.domain.directory.spaces import Child, Place, Way, child_of, in_order, page_from, place_of, token_of, walk
from veche.domain.directory.summaries import OPENNESS, SUMMARIZED, RoomSummary, may_preview, type_of
from veche.domain.events import CREATE, SPACE
from veche.domain.ids import RoomId
from veche.domain.refusals import Refusal, Refused, forbidden
from veche.domain.sessions import Asker
from veche.queries.context import ReadContext
from veche.queries.directory.summaries import faces_of, joined_among, summaries
from veche.storage import directory, rooms
from veche.storage.reader import Snapshot

MOST_WALKED = 2_000
"""Rooms below a space that are looked at for one answer; what lies beyond is not shown."""

_CLOSED = forbidden("You may not see that room, or it does not exist.")
_ESSENTIALS = (CREATE, *OPENNESS)


class SpacePage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page of the rooms of a space, which comes first itself."""

    rooms: list[RoomSummary]
    next_batch: str | None = None


async def hierarchy(ctx: ReadContext, asker: Asker, root: RoomId, way: Way, limit: int, token: str) -> SpacePage:
    """Return a page of what lies below a room. Raises 403 where the asker may not be shown that room, 400 for a token
    that is none or was given on another way.

    Nothing is kept between pages: each walks the tree as it is now and goes on behind the room that was shown last.
    """
    place = place_of(token, way) if token else None
    if isinstance(place, Refusal):
        raise Refused(place)
    return await ctx.reader.run(lambda at: _page(_Tree(at, asker, way), root, place, limit))


def _page(tree: "_Tree", root: RoomId, place: Place | None, limit: int) -> SpacePage:
    below = tree.grow(root)
    if root not in tree.visible:
        raise Refused(_CLOSED)
    found = walk(root, below)
    start = page_from(found, place)
    page = found[start : start + limit]
    end = start + len(page)
    following = token_of(tree.way, Place(end, page[-1])) if page and end < len(found) else None
    return SpacePage(tree.told(page), following)


class _Tree:
    """The spaces and rooms below a room as far as the asker may be shown them, read level by level.

    ``visible`` are the rooms, ``children`` those of each space that was read, whether or not they may be shown.
    """

    def __init__(self, at: Snapshot, asker: Asker, way: Way) -> None:
        self.way = way
        self.visible: set[RoomId] = set()
        self.children: dict[RoomId, list[Child]] = {}
        self._at = at
        self._memberships = {one.room_id: one.membership for one in rooms.memberships_of(at, asker.user)}
        self._joined = joined_among(self._memberships)
        self._seen: set[RoomId] = set()
        self._spaces: set[RoomId] = set()

    def grow(self, root: RoomId) -> dict[RoomId, list[RoomId]]:
        """Read everything below ``root``, as deep as the way goes; return the visible children of each space."""
        level = self._look([root])
        for _ in range(self.way.depth):
            spaces = [room for room in level if room in self._spaces]
            self._read_children(spaces)
            level = self._look(one.room for space in spaces for one in self.children[space])
        return {
            space: [one.room for one in below if one.room in self.visible] for space, below in self.children.items()
        }

    def told(self, page: list[RoomId]) -> list[RoomSummary]:
        """Return the summaries of a page, each with its children."""
        self._read_children([room for room in page if room in self._spaces and room not in self.children])
        found = summaries(faces_of(self._at, page, SUMMARIZED), directory.frames(self._at, page))
        return [
            msgspec.structs.replace(
                found[room], children_state=tuple(one.stripped for one in self.children.get(room, ()))
            )
            for room in page
        ]

    def _look(self, wanted: Iterable[RoomId]) -> list[RoomId]:
        """Return those among the rooms not met before that the asker may be shown, in the same order."""
        new = [room for room in dict.fromkeys(wanted) if room not in self._seen][: MOST_WALKED - len(self._seen)]
        self._seen.update(new)
        faces = faces_of(self._at, new, _ESSENTIALS)
        shown = [room for room in new if may_preview(faces[room], self._memberships.get(room), self._joined)]
        self.visible.update(shown)
        self._spaces.update(room for room in shown if type_of(faces[room]) == SPACE)
        return shown

    def _read_children(self, spaces: list[RoomId]) -> None:
        found: dict[RoomId, list[Child]] = {space: [] for space in spaces}
        for space, event in directory.children(self._at, spaces):
            child = child_of(event)
            if child is not None and (child.is_suggested or not self.way.suggested_only):
                found[space].append(child)
        self.children.update((space, in_order(below)) for space, below in found.items())
