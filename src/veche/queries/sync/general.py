"""The general path: one snapshot, every stream asked, whatever the token, filter or history."""

from collections.abc import Callable
from typing import Any

import msgspec

from veche.domain.ids import Position, RoomId, UserId
from veche.domain.sessions import Asker
from veche.live.presence import Person
from veche.queries.context import ReadContext
from veche.queries.sync import account_data, device_lists, keys, presence, to_device, unread
from veche.queries.sync.invites import outside_rooms
from veche.queries.sync.reply import answer_json, rooms_json
from veche.queries.sync.rooms import KnownMembers, RoomQuestion, room_answers
from veche.queries.sync.wish import SyncToken, SyncWish
from veche.storage.account_data import ignored_by
from veche.storage.reader import Snapshot

Top = dict[str, msgspec.Raw]


class Answer(msgspec.Struct, frozen=True):
    """A composed answer: its bytes, the next token, whether anything is in it, and what memory may learn from it."""

    body: bytes
    token: SyncToken
    is_empty: bool
    known: KnownMembers
    counts: dict[RoomId, unread.Unread]
    keys: tuple[bytes, bytes]
    ignored: frozenset[UserId]


class Circumstances(msgspec.Struct, frozen=True):
    """What memory adds to a question before a snapshot is read.

    Who types, whose status has changed, or for a first answer who is around, at which count that was so, and which
    members the device knows.
    """

    typists: dict[RoomId, list[UserId]]
    changed: list[Person]
    around: presence.Around | None
    live: int
    known: KnownMembers


def general_answer(
    ctx: ReadContext, asker: Asker, wish: SyncWish, circumstances: Circumstances
) -> Callable[[Snapshot], Answer]:
    """Return the reading that composes an answer from one snapshot."""
    now = ctx.clock()

    def read(at: Snapshot) -> Answer:
        return _compose(ctx, at, asker, wish, circumstances, now)

    return read


def _compose(
    ctx: ReadContext, at: Snapshot, asker: Asker, wish: SyncWish, circumstances: Circumstances, now: int
) -> Answer:
    asked, wish = wish, _believed(at, wish)
    since = wish.since.position if wish.since is not None else None
    ignored = ignored_by(at, asker.user)
    known = circumstances.known if since is not None else {}
    question = RoomQuestion(asker, wish, since, now, ignored, known, circumstances.typists, ctx.live.counts)
    answers = room_answers(at, question)
    rooms: list[tuple[bytes, bytes]] = []
    for name, some in (
        (b"invite", outside_rooms(at, asker.user, "invite", since or Position(0), ignored)),
        (b"join", answers.joined),
        (b"knock", outside_rooms(at, asker.user, "knock", since or Position(0), ignored)),
        (b"leave", answers.left),
    ):
        if wanted := [room for room in some if wish.filter.room.passes_room(room[0])]:
            rooms.append((name, rooms_json(wanted)))
    top, inbox = _top(at, asker, wish)
    people = presence.Question(asker, wish.filter.presence, ignored, now)
    top.update(_of_people(ctx, at, wish, people, circumstances, is_first=asked.since is None))
    token = SyncToken(at.position, inbox, ctx.live.boot, circumstances.live)
    is_empty = not rooms and not top and inbox == at.position
    counts = keys.counts(at, asker)
    return Answer(_body(token, top, counts, rooms), token, is_empty, answers.known, answers.counts, counts, ignored)


def _believed(at: Snapshot, wish: SyncWish) -> SyncWish:
    """A token newer than the log is answered like none: the database was put back from a copy."""
    if wish.since is None or wish.since.position <= at.position:
        return wish
    return msgspec.structs.replace(wish, since=None)


def _top(at: Snapshot, asker: Asker, wish: SyncWish) -> tuple[Top, Position]:
    """Ask the streams that are the asker's alone; return their members and the new inbox position."""
    since = wish.since
    messages, inbox = to_device.inbox(at, asker, since.inbox if since is not None else Position(0))
    top: Top = {"to_device": msgspec.Raw(b'{"events":[%b]}' % b",".join(messages))} if messages else {}
    if since is None:
        top.update(account_data.everything(at, asker, wish))
    else:
        top.update(account_data.changes(at, asker, wish, since))
    return top, inbox


def _of_people(
    ctx: ReadContext,
    at: Snapshot,
    wish: SyncWish,
    people: presence.Question,
    circumstances: Circumstances,
    *,
    is_first: bool,
) -> Top:
    """Ask the streams about others: their keys and how they are doing.

    Of what lives in memory a token of another process says nothing, so whoever bears one may believe anything of
    anybody.
    """
    since, asker, known = wish.since, people.asker, ctx.live.presence
    if is_first:
        return device_lists.everything(at, asker, wish) | presence.everything(at, people, known, circumstances.around)
    if since is None:
        return device_lists.everything(at, asker, wish) | presence.everybody(at, people, known)
    encounters = device_lists.encounters(at, asker, since.position)
    top = device_lists.changes(at, asker, wish, since, encounters)
    if since.boot != ctx.live.boot:
        return top | presence.everybody(at, people, known)
    return top | presence.changes(at, people, known, circumstances.changed, encounters.met)


def _body(token: SyncToken, top: Top, counts: tuple[bytes, bytes], rooms: list[tuple[bytes, bytes]]) -> bytes:
    members: dict[str, Any] = {name: bytes(text) for name, text in top.items()}
    members["device_one_time_keys_count"], members["device_unused_fallback_key_types"] = counts
    ordered = [(name.encode(), text) for name, text in sorted(members.items())]
    return answer_json(str(token).encode(), ordered, rooms)
