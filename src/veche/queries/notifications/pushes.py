"""What a pusher has still to tell: the unread events that notified its owner, and the number for the icon.

Counts and events come from one snapshot and from the same functions as those of sync.
"""

import msgspec

from veche.domain.events import CANONICAL_ALIAS, NAME
from veche.domain.ids import Position, RoomId, UserId
from veche.domain.notifications import Verdict
from veche.domain.notifications.payloads import Surroundings
from veche.domain.notifications.pushers import Pusher, PusherKey, PusherKind
from veche.domain.sessions import Asker
from veche.domain.timeline import Event
from veche.live.notifications import KnownCounts
from veche.queries.context import ReadContext
from veche.queries.notifications.judging import Judge
from veche.queries.notifications.marks import Marks
from veche.queries.sync import unread
from veche.storage import moderation, rooms
from veche.storage.notifications import pushers as stored
from veche.storage.notifications import walking
from veche.storage.reader import Snapshot
from veche.storage.rows import Rows

STRETCH = 2_000
"""Positions of the log that are gone through for one answer."""
MOST_EVALUATED = 200
TOGETHER = 10
"""Notifications that are told with the same number of unread."""


class Notice(msgspec.Struct, frozen=True):
    """An unread event that notified somebody, and what there is to say with it."""

    event: Event
    verdict: Verdict
    around: Surroundings


class Due(msgspec.Struct, frozen=True):
    """What a pusher has to tell, oldest first; ``until`` is up to where that is everything, ``head`` the log's end.

    To who is ``is_silent`` not even the number is told.
    """

    pusher: Pusher
    notices: list[Notice]
    until: Position
    head: Position
    badge: int = 0
    is_silent: bool = False


class Owners(msgspec.Struct, frozen=True):
    """All pushers of a kind, their owners' joined rooms, up to where those not behind have had everything (None: never
    yet), and those owners for whom something happened since. ``head`` is the log's end.
    """

    pushers: list[Pusher]
    rooms: dict[UserId, list[RoomId]]
    floor: Position | None
    touched: frozenset[UserId]
    head: Position


async def pushers(ctx: ReadContext, asker: Asker) -> list[Pusher]:
    """Return the asker's pushers."""
    return await ctx.reader.run(lambda at: stored.of_user(at, asker.user))


async def owners(ctx: ReadContext, kind: PusherKind, long_ago: int) -> Owners:
    """Return what whoever serves pushers of a kind begins with.

    Where more than ``long_ago`` positions have passed, something may have happened for anybody.
    """

    def read(at: Snapshot) -> Owners:
        found, floor = stored.of_kind(at, kind), stored.floor(at)
        everybody = frozenset(pusher.key.user_id for pusher in found)
        since = at.position if floor is None else floor
        touched = everybody if at.position - since > long_ago else stored.touched_since(at, kind, since)
        rooms_of: dict[UserId, list[RoomId]] = {}
        for user, room in stored.rooms_of_owners(at, kind):
            rooms_of.setdefault(user, []).append(room)
        return Owners(found, rooms_of, floor, touched, at.position)

    return await ctx.reader.run(read)


async def due(ctx: ReadContext, key: PusherKey, after: Position, not_before_ts: int) -> Due | None:
    """Return what a pusher has to tell of events after a position and not older than a time in milliseconds.

    None where the pusher is gone. To somebody who is locked out nothing is told, later neither.
    """

    def read(at: Snapshot) -> Due | None:
        pusher = stored.find(at, key)
        if pusher is None:
            return None
        if moderation.is_locked(at, key.user_id, ctx.clock()):
            return Due(pusher, [], at.position, at.position, is_silent=True)
        until = max(after, walking.end_of_stretch(at, after, STRETCH))
        found, until = unread_notices(at, key.user_id, after, until, not_before_ts)
        return Due(pusher, found, until, at.position, badge(ctx, at, key.user_id))

    return await ctx.reader.run(read)


def unread_notices(
    rows: Rows, user: UserId, after: Position, until: Position, not_before_ts: int, most: int = TOGETHER
) -> tuple[list[Notice], Position]:
    """Return the first ``most`` events of (after, until] that notified somebody and that they have not read.

    Also up to where that is everything. Mail makes its digests of these too.
    """
    judge, marks = Judge(rows, user), Marks(rows, user)
    events = walking.oldest_first(rows, user, after, until, MOST_EVALUATED)
    wanted = [event for event in events if event.ts >= not_before_ts and not marks.is_read(event)]
    judge.expect(wanted)
    found: list[Notice] = []
    for event in wanted:
        verdict = judge.in_room(event.room_id).verdict(event)
        if verdict.notify:
            found.append(Notice(event, verdict, _around(rows, event)))
        if len(found) == most:
            return found, event.position
    return found, events[-1].position if len(events) == MOST_EVALUATED else until


def badge(ctx: ReadContext, at: Snapshot, user: UserId) -> int:
    """Return the number for an application's icon: unread messages as sync counts them, or rooms that hold any."""
    counts = unread_by_room(at, user, ctx.live.counts)
    if ctx.limits.badge_counts_rooms:
        return sum(count > 0 for count in counts.values())
    return sum(counts.values())


def unread_by_room(at: Snapshot, user: UserId, known: KnownCounts) -> dict[RoomId, int]:
    """Return how much somebody has not read of each room they are in, threads included."""
    joined = list(rooms.joined_since(at, user))
    found = unread.of_rooms(at, user, joined, threads=False, known=known)
    return {room: count.notify for room, count in found.items()}


def _around(rows: Rows, event: Event) -> Surroundings:
    state = rooms.current_state(rows, event.room_id)
    name, alias = state.get(NAME), state.get(CANONICAL_ALIAS)
    sender = rooms.membership(rows, event.room_id, event.sender)
    return Surroundings(
        _text(name.content.get("name") if name else None),
        _text(alias.content.get("alias") if alias else None),
        sender.display_name if sender else None,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
