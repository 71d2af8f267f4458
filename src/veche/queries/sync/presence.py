"""Presence in sync: how those are doing with whom the asker shares a room, and the asker too.

At first everybody who is not simply offline; afterwards whose status changed, and whom the asker has newly met. All
that is told of one person at one time is encoded once.
"""

from collections.abc import Collection, Iterable

import msgspec

from veche.base import json
from veche.domain.account_data import EventFilter
from veche.domain.ids import Position, UserId
from veche.domain.presence import EVENT_TYPE, OFFLINE, content_of
from veche.domain.sessions import Asker
from veche.live.notifier import Feed
from veche.live.presence import Person, Presence, Shared
from veche.queries.context import ReadContext
from veche.queries.sync.reply import events_json
from veche.queries.sync.wish import SyncToken
from veche.storage import rooms
from veche.storage.encryption import device_lists
from veche.storage.reader import Snapshot

MEMBER = "presence"
MOST_ASKED_FOR = 500
"""Beyond so many it is cheaper to look at all who share a room."""
MOST_SHARED = 64
MOST_SHOWN = 2_000
"""Beyond so many the loop would be held up by looking at them; the database is asked instead."""

Top = dict[str, msgspec.Raw]
Ignored = Collection[UserId]


class Question(msgspec.Struct, frozen=True):
    """Who asks, what passes their filter, whom they ignore, and when; ``now`` in milliseconds."""

    asker: Asker
    filter: EventFilter
    ignored: Ignored
    now: int


class Around(msgspec.Struct, frozen=True):
    """Whom memory knows to share a room with the asker as of ``position``, among those who are not simply offline.

    Of ``unknown`` people it does not know where they are.
    """

    position: Position
    seen: set[UserId]
    unknown: set[UserId]


def around(ctx: ReadContext, feed: Feed) -> Around | None:
    """Return what memory knows of the people around a feed's owner; None where there are too many to look at.

    In the database that is a question about all members of all rooms.
    """
    shown, notifier = ctx.live.presence.shown(), ctx.live.notifier
    if len(shown) > MOST_SHOWN:
        return None
    found = Around(notifier.head, set(), set())
    for one in shown:
        other = notifier.feed(one.user)
        if other is None:
            found.unknown.add(one.user)
        elif other is feed or not feed.rooms.keys().isdisjoint(other.rooms):
            found.seen.add(one.user)
    return found


def everything(at: Snapshot, question: Question, presence: Presence, known: Around | None) -> Top:
    """Return the statuses of all who are not simply offline; ``known`` spares looking for them."""
    if not presence.is_on:
        return {}
    if known is None or len(known.unknown) > MOST_ASKED_FOR or rooms.somebody_moved(at, known.position):
        users = _around(at, question)
    else:
        users = known.seen.difference(question.ignored) | _seen(at, question, known.unknown)
        users |= known.seen & {question.asker.user}
    people = [one for user in users if (one := presence.find(user)) is not None]
    return _told(question, [one for one in people if one.told.status != OFFLINE])


def everybody(at: Snapshot, question: Question, presence: Presence) -> Top:
    """Return the statuses of all, offline or not, for clients that may hold older ones from before a restart."""
    if not presence.is_on:
        return {}
    return _told(question, [presence.find(user) or Person(user) for user in _around(at, question)])


def changes(at: Snapshot, question: Question, presence: Presence, changed: list[Person], met: set[UserId]) -> Top:
    """Return the statuses of ``changed`` people whom the asker can see, and of those whom the asker has ``met``."""
    if not presence.is_on or not (changed or met):
        return {}
    by_name = {one.user: one for one in changed}
    seen = _seen(at, question, by_name.keys())
    people = {user: by_name[user] for user in seen}
    people |= {user: presence.find(user) or Person(user) for user in met if user not in question.ignored}
    return _told(question, list(people.values()))


def from_memory(ctx: ReadContext, feed: Feed, wanted: EventFilter, since: SyncToken) -> bytes | None:
    """Return what ``changes`` does for somebody who has met nobody, encoded: empty for nothing.

    None where memory does not know enough.
    """
    if feed.told <= since.live:
        return b""
    if feed.ignored is None:
        return None
    now, ignored = ctx.clock(), feed.ignored[1]
    if wanted.is_open and wanted.limit is None:
        shared = _shared(ctx, since.live, now)
        if not feed.rooms.keys().isdisjoint(shared.rooms) and ignored.isdisjoint(shared.users):
            return shared.text
    people = []
    for one in ctx.live.presence.told_since(since.live):
        other = ctx.live.notifier.feed(one.user)
        if other is None:
            return None
        if other is feed or not (feed.rooms.keys().isdisjoint(other.rooms) or one.user in ignored):
            people.append(one)
    return _encoded(people, wanted, now)


def _shared(ctx: ReadContext, since: int, now: int) -> Shared:
    """Return what everybody is told who shares a room with all of those whose status has changed."""
    presence, notifier = ctx.live.presence, ctx.live.notifier
    stamp = (ctx.live.counter.now, now // 1000, notifier.moves, presence.acts)
    if presence.shared[0] != stamp:
        presence.shared = (stamp, {})
    shared = presence.shared[1].get(since)
    if shared is None:
        people = presence.told_since(since)
        joined = [frozenset(feed.rooms) for one in people if (feed := notifier.feed(one.user)) is not None]
        rooms = frozenset.intersection(*joined) if joined and len(joined) == len(people) else frozenset()
        text = _encoded(people, EventFilter(), now) if rooms else b""
        shared = Shared(frozenset(one.user for one in people), rooms, text)
        if len(presence.shared[1]) < MOST_SHARED:
            presence.shared[1][since] = shared
    return shared


def _told(question: Question, people: list[Person]) -> Top:
    found = _encoded(people, question.filter, question.now)
    return {MEMBER: msgspec.Raw(found)} if found else {}


def _around(at: Snapshot, question: Question) -> set[UserId]:
    return (rooms.sharers(at, question.asker.user) - set(question.ignored)) | {question.asker.user}


def _seen(at: Snapshot, question: Question, users: Collection[UserId]) -> set[UserId]:
    """Return whom of ``users`` the asker can see."""
    if len(users) > MOST_ASKED_FOR:
        return _around(at, question).intersection(users)
    own, others = {question.asker.user}, set(users).difference(question.ignored)
    found = device_lists.sharing_now(at, question.asker.user, others - own) if others - own else set()
    return found | own.intersection(users)


def _encoded(people: Iterable[Person], wanted: EventFilter, now: int) -> bytes:
    """Return the member ``presence``, in the order of names; empty for nobody. A limit leaves the latest changes."""
    if not wanted.is_open:
        people = [one for one in people if wanted.passes(EVENT_TYPE, one.user)]
    if wanted.limit is not None:
        people = sorted(people, key=lambda one: (-one.told.count, one.user))[: max(0, wanted.limit)]
    texts = [_event(one, now) for one in sorted(people, key=_name)]
    return events_json(texts) if texts else b""


def _event(person: Person, now: int) -> bytes:
    """Return one event, which is the same for all who read it within a second."""
    told, second = person.told, now // 1000
    stamp = (told.count, second, person.last_active)
    known, text = person.text
    if known == stamp:
        return text
    content = content_of(told.status, person.last_active, second * 1000)
    text = json.encode({"type": EVENT_TYPE, "sender": person.user, "content": content})
    person.text = (stamp, text)
    return text


def _name(person: Person) -> UserId:
    return person.user
