"""Unread counts of many rooms at once (design.md, law 7; section Receiving notifications).

Most come from running totals in two statements; only members with rules of their own have each event evaluated.
"""

from functools import cached_property

import msgspec

from veche.domain.ids import EventId, Position, RoomId, UserId
from veche.domain.notifications import MemberClass, Totals, counted
from veche.domain.sessions import Asker
from veche.domain.timeline import MAIN
from veche.live.notifications import Counted, KnownCounts
from veche.queries.notifications.judging import Judge, JudgeInRoom
from veche.storage import notifications, receipts
from veche.storage.notifications import RoomCount, ThreadCount
from veche.storage.reader import Snapshot

MOST_EVALUATED = 5_000
"""Unread events of one timeline that are evaluated for a member with rules of their own: the newest count."""

NOTHING = Totals()


class Unread(msgspec.Struct, frozen=True):
    """How much of a room somebody has not read.

    ``notify`` and ``highlight`` are for the main timeline and ``threads`` apart where threads were asked for, else
    for everything. ``kind`` is how the counts are kept: by "all", "mentions" and "muted" they follow from what each
    event adds, by "own rules" they have to be asked for again.
    """

    notify: int
    highlight: int
    threads: dict[EventId, tuple[int, int]]
    kind: MemberClass


def of_rooms(
    at: Snapshot, user: UserId, rooms: list[RoomId], threads: bool, known: KnownCounts | None = None
) -> dict[RoomId, Unread]:
    """Return what ``user`` has not read of those of ``rooms`` they are joined to.

    ``known`` remembers the counts of members with rules of their own between two readings.
    """
    reading = _Reading(at, user, known)
    main = notifications.room_counts(at, user, rooms)
    kinds = {count.room_id: count.kind for count in main}
    apart: dict[RoomId, dict[EventId, Totals]] = {}
    for thread in notifications.thread_counts(at, user, list(kinds)):
        totals = reading.totals(kinds[thread.room_id], thread, thread.thread)
        apart.setdefault(thread.room_id, {})[thread.thread] = totals
    return {
        count.room_id: _unread(
            count.kind, reading.totals(count.kind, count, MAIN), apart.get(count.room_id, {}), threads
        )
        for count in main
    }


def touched(at: Snapshot, asker: Asker, since: Position) -> set[RoomId]:
    """Return the rooms whose counts may be others than at ``since`` although nothing was sent there."""
    return receipts.rooms_with_new_marks(at, asker.user, since)


def _unread(kind: MemberClass, main: Totals, threads: dict[EventId, Totals], apart: bool) -> Unread:
    if apart:
        found = {root: (count.notify, count.highlight) for root, count in threads.items() if count != NOTHING}
        return Unread(main.notify, main.highlight, found, kind)
    notify = main.notify + sum(count.notify for count in threads.values())
    highlight = main.highlight + sum(count.highlight for count in threads.values())
    return Unread(notify, highlight, {}, kind)


class _Reading:
    """One person's counts at one moment; what only rules of their own need is read when it is needed."""

    def __init__(self, at: Snapshot, user: UserId, known: KnownCounts | None) -> None:
        self._at = at
        self._user = user
        self._known = known

    def totals(self, kind: MemberClass, count: RoomCount | ThreadCount, thread: str) -> Totals:
        """Return what a timeline comes to for a member of this class."""
        own = Totals(count.own_notify, count.own_highlight)
        found = counted(kind, Totals(count.notify, count.highlight), own)
        return self._evaluated(count.room_id, thread, count.base) if found is None else found

    def _evaluated(self, room: RoomId, thread: str, base: Position) -> Totals:
        judge = self._judge.in_room(room)
        before = self._known.find(self._user, room, thread) if self._known else None
        if before is None or not self._is_good(before, judge, base):
            before = Counted(judge.stamp, base, base, NOTHING)
        totals = _sum(before.totals, _evaluate(self._at, judge, thread, before.until))
        if self._known:
            self._known.put(self._user, room, thread, Counted(judge.stamp, base, self._at.position, totals))
        return totals

    def _is_good(self, before: Counted, judge: JudgeInRoom, base: Position) -> bool:
        """Say whether counting may go on from an earlier count: not where what it counted was redacted since."""
        if (before.stamp, before.base) != (judge.stamp, base) or before.until > self._at.position:
            return False
        return not notifications.has_redactions(self._at, judge.room, before.until)

    @cached_property
    def _judge(self) -> Judge:
        return Judge(self._at, self._user)


def _evaluate(at: Snapshot, judge: JudgeInRoom, thread: str, after: Position) -> Totals:
    """Return what the events of a thread after a position come to by the member's own rules."""
    found = notifications.unread_events(at, judge.room, thread, after, judge.user, MOST_EVALUATED)
    verdicts = judge.verdicts(found)
    return Totals(sum(one.notify for one in verdicts), sum(one.highlight for one in verdicts))


def _sum(one: Totals, other: Totals) -> Totals:
    return Totals(one.notify + other.notify, one.highlight + other.highlight)
