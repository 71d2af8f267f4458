"""Threads: which a room has, and when somebody last wrote in each. Who may see them is not known here."""

from collections.abc import Collection

import msgspec

from veche.domain.ids import EventId, Position, RoomId, UserId
from veche.storage.rows import Rows, all_in


class Thread(msgspec.Struct, frozen=True):
    """A thread by its root. Nothing in it is later than ``bound``, be it a reaction to what was written there.

    ``latest`` is the newest message of the thread itself, None where none was left.
    """

    root: EventId
    bound: Position
    latest: Position | None


class ThreadSummary(msgspec.Struct, frozen=True):
    """How many messages of a thread stand in a stretch of the log, the newest one, and whether somebody wrote any."""

    root: EventId
    count: int
    latest: Position
    took_part: bool


def thread_summaries(
    rows: Rows, roots: Collection[EventId], user: UserId, first: Position, last: Position
) -> list[ThreadSummary]:
    """Return what the threads among ``roots`` hold from ``first`` to ``last``, and whether ``user`` wrote there."""
    found = all_in(
        rows,
        "SELECT parent_id, COUNT(*), MAX(position), MAX(CASE WHEN sender = ? THEN 1 ELSE 0 END) FROM relations"
        " WHERE kind = 'm.thread' AND position >= ? AND position <= ? AND parent_id IN (??) GROUP BY parent_id",
        roots,
        user,
        first,
        last,
    )
    return [ThreadSummary(root, count, latest, bool(took_part)) for root, count, latest, took_part in found]


def threads(rows: Rows, room: RoomId, below: Position, until: Position, limit: int) -> list[Thread]:
    """Return at most ``limit`` threads of a room whose bounds are below a position, the highest bound first.

    Their latest messages are those not later than ``until``.
    """
    found = rows.all(
        "SELECT t.thread, t.position, (SELECT MAX(r.position) FROM relations r WHERE r.parent_id = t.thread"
        " AND r.kind = 'm.thread' AND r.position <= ?) FROM threads t WHERE t.room_id = ? AND t.position < ?"
        " ORDER BY t.position DESC LIMIT ?",
        until,
        room,
        below,
        limit,
    )
    return [Thread(*row) for row in found]


def writers_before(rows: Rows, root: EventId, until: Position, limit: int) -> list[tuple[Position, UserId]]:
    """Return (position, sender) of the newest messages of a thread that are not later than ``until``."""
    return rows.all(
        "SELECT position, sender FROM relations WHERE parent_id = ? AND kind = 'm.thread' AND position <= ?"
        " ORDER BY position DESC LIMIT ?",
        root,
        until,
        limit,
    )


def threads_written_in(rows: Rows, roots: Collection[EventId], user: UserId, until: Position) -> set[EventId]:
    """Return the threads among ``roots`` in which somebody wrote not later than ``until``."""
    found = all_in(
        rows,
        "SELECT DISTINCT parent_id FROM relations WHERE sender = ? AND position <= ? AND kind = 'm.thread'"
        " AND parent_id IN (??)",
        roots,
        user,
        until,
    )
    return {row[0] for row in found}
