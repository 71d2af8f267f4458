"""Unread counts kept in memory between two answers, moved on by each new event of the room.

Only those of members whose counts follow the room's totals; all others are read from the database each time.
"""

from veche.domain.account_data import RoomFilter
from veche.domain.facts import Entry
from veche.domain.ids import EventId, Position, RoomId, UserId
from veche.domain.timeline import MAIN
from veche.live.notifier import Feed
from veche.queries.sync.reply import unread_json
from veche.queries.sync.unread import Unread


class Count:
    """The unread of one person in one room as of ``position``: of the main timeline, and of each thread.

    ``follows`` says whether it can be moved on by what each event adds to the room's totals.
    """

    __slots__ = ("follows", "highlight", "notify", "position", "threads")

    def __init__(self, unread: Unread, position: Position) -> None:
        self.follows = unread.kind == "all"
        self.notify = unread.notify
        self.highlight = unread.highlight
        self.threads: dict[EventId, tuple[int, int]] = dict(unread.threads)
        self.position = position

    def follow(self, user: UserId, entry: Entry) -> None:
        """Move on over one event; sending moves the sender's own read mark."""
        event = entry.fact.body
        self.position = entry.position
        if event.thread != MAIN:
            self._follow_thread(user, entry)
        elif event.sender == user:
            self.notify = self.highlight = 0
        else:
            self.notify += event.notify
            self.highlight += event.highlight

    def json(self, *, by_thread: bool) -> bytes:
        """Return the members that count the unread; without ``by_thread`` the threads' counts go into the room's."""
        return counts_json(self.notify, self.highlight, self.threads, by_thread=by_thread)

    def _follow_thread(self, user: UserId, entry: Entry) -> None:
        event = entry.fact.body
        root = EventId(event.thread)
        if event.sender == user:
            self.threads.pop(root, None)
        elif event.notify or event.highlight:
            notify, highlight = self.threads.get(root, (0, 0))
            self.threads[root] = (notify + event.notify, highlight + event.highlight)


def counts_json(notify: int, highlight: int, threads: dict[EventId, tuple[int, int]], *, by_thread: bool) -> bytes:
    """Return the unread counts as a client with or without knowledge of threads reads them."""
    if by_thread:
        return unread_json((notify, highlight), {root: counts for root, counts in threads.items() if counts != (0, 0)})
    notify += sum(counts[0] for counts in threads.values())
    highlight += sum(counts[1] for counts in threads.values())
    return unread_json((notify, highlight), None)


def keep(feed: Feed, counts: dict[RoomId, Unread], position: Position, wanted: RoomFilter) -> None:
    """Keep what was just read at ``position``, the newest for each room.

    In rooms that the filter ``wanted`` left out, events were passed over without being counted: those are forgotten.
    """
    for room, unread in counts.items():
        known = feed.counts.get(room)
        if known is None or known.position < position:
            feed.counts[room] = Count(unread, position)
    if wanted.rooms is not None or wanted.not_rooms:
        for room in [room for room in feed.counts if not wanted.passes_room(room)]:
            del feed.counts[room]
