"""What points at an event: edits, replies in a thread, reactions, references (section Relationships API)."""

from collections.abc import Iterator
from itertools import islice

import msgspec

from veche.domain.ids import EventId, Position, RoomId
from veche.domain.sessions import Asker
from veche.queries.context import ReadContext
from veche.queries.timeline.paging import size_of_page
from veche.queries.timeline.reading import shown, visible_event
from veche.queries.timeline.sight import Sight
from veche.storage import timeline
from veche.storage.reader import Snapshot
from veche.storage.timeline import RelatedEvent

MOST_AT_ONCE = 100
DEEPEST = 3


class RelationsWish(msgspec.Struct, frozen=True):
    """Which relations are wanted: of a kind, of an event type, in which direction, between which positions."""

    parent: EventId
    kind: str | None = None
    type: str | None = None
    backwards: bool = True
    start: Position | None = None
    stop: Position | None = None
    limit: int = 5
    recurse: bool = False


class Relations(msgspec.Struct, frozen=True, omit_defaults=True):
    """``GET /rooms/{room_id}/relations/{event_id}``: newest first, or oldest first with ``dir=f``."""

    chunk: list[msgspec.Raw]
    next_batch: str | None = None
    prev_batch: str | None = None
    recursion_depth: int | None = None


async def relations(ctx: ReadContext, asker: Asker, room: RoomId, wish: RelationsWish) -> Relations:
    """Return the events that point at one event. Raises 404 where the asker may not see that one."""
    limit = size_of_page(wish.limit, MOST_AT_ONCE)

    def read(at: Snapshot) -> Relations:
        sight = Sight(at, room, asker.user)
        visible_event(at, sight, wish.parent)
        found = list(islice(_wanted(at, sight, wish, limit + 1), limit + 1))
        events = timeline.find_all(at, [child.event_id for child in found[:limit]])
        some = [events[child.event_id] for child in found[:limit]]
        step = -1 if wish.backwards else 0
        return Relations(
            shown(at, sight, asker, some, ctx.clock()),
            str(some[-1].position + step) if len(found) > limit else None,
            str(wish.start) if wish.start is not None else None,
            DEEPEST if wish.recurse else None,
        )

    return await ctx.reader.run(read)


def _wanted(at: Snapshot, sight: Sight, wish: RelationsWish, size: int) -> Iterator[RelatedEvent]:
    """Go through what the asker may see of the descendants, in the direction of reading; read in pages of ``size``."""
    after, until = _bounds(wish, at.position)
    depth = DEEPEST if wish.recurse else 1
    while after < until:
        some = timeline.descendants(
            at, wish.parent, depth, wish.kind, wish.type, after, until, size, newest_first=wish.backwards
        )
        for child in some:
            if sight.sees(child.position) and child.sender not in sight.ignored:
                yield child
        if len(some) < size:
            return
        if wish.backwards:
            until = Position(some[-1].position - 1)
        else:
            after = some[-1].position


def _bounds(wish: RelationsWish, head: Position) -> tuple[Position, Position]:
    """Return (after, until]: a token means everything not later than it; reading goes from ``start`` to ``stop``."""
    late, early = (wish.start, wish.stop) if wish.backwards else (wish.stop, wish.start)
    return early or Position(0), head if late is None else min(late, head)
