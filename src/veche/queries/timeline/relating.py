"""What points at an event: edits, replies in a thread, reactions, references (section Relationships API)."""

import msgspec

from veche.domain.ids import EventId, Position, RoomId
from veche.domain.refusals import Refused, invalid_param
from veche.domain.sessions import Asker
from veche.domain.timeline import Event
from veche.queries.context import ReadContext
from veche.queries.timeline.reading import shown, visible_event
from veche.queries.timeline.sight import Sight
from veche.storage import timeline
from veche.storage.reader import Snapshot

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
    if wish.limit < 1:
        raise Refused(invalid_param("limit must be at least 1", "limit"))
    limit = min(wish.limit, MOST_AT_ONCE)

    def read(at: Snapshot) -> Relations:
        sight = Sight(at, room, asker.user)
        visible_event(at, sight, wish.parent)
        found = _wanted(at, sight, wish)
        some, more = found[:limit], found[limit:]
        step = -1 if wish.backwards else 0
        return Relations(
            shown(at, sight, asker, some, ctx.clock()),
            str(some[-1].position + step) if more else None,
            str(wish.start) if wish.start is not None else None,
            DEEPEST if wish.recurse else None,
        )

    return await ctx.reader.run(read)


def _wanted(at: Snapshot, sight: Sight, wish: RelationsWish) -> list[Event]:
    ids = _descendants(at, wish)
    events = [
        event
        for event in timeline.find_all(at, ids).values()
        if sight.sees(event.position) and event.sender not in sight.ignored and _lies_between(event.position, wish)
    ]
    return sorted(events, key=lambda event: event.position, reverse=wish.backwards)


def _descendants(at: Snapshot, wish: RelationsWish) -> list[EventId]:
    """Follow relations downwards, one level or, where asked to recurse, a few."""
    found: dict[EventId, None] = {}
    parents = [wish.parent]
    for _ in range(DEEPEST if wish.recurse else 1):
        children = timeline.children_of_any_kind(at, parents, at.position)
        fitting = [
            child
            for child in children
            if (wish.kind is None or child.kind == wish.kind) and (wish.type is None or child.type == wish.type)
        ]
        found.update(dict.fromkeys(child.event_id for child in fitting))
        parents = [child.event_id for child in children]
        if not parents:
            break
    return list(found)


def _lies_between(position: Position, wish: RelationsWish) -> bool:
    """A token means everything not later than its position; reading goes away from ``start`` towards ``stop``."""
    if wish.backwards:
        return (wish.start is None or position <= wish.start) and (wish.stop is None or position > wish.stop)
    return (wish.start is None or position > wish.start) and (wish.stop is None or position <= wish.stop)
