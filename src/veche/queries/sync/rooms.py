"""The rooms of a sync: joined ones with what is new in them, left ones with how it ended. Reads one snapshot."""

import msgspec

from veche.domain.events import MEMBER
from veche.domain.ids import Position, RoomId, UserId
from veche.domain.sessions import Asker
from veche.domain.timeline import Event
from veche.live.notifications import KnownCounts
from veche.queries.sync import account_data, receipts, typing, unread
from veche.queries.sync.counting import counts_json
from veche.queries.sync.reply import RoomParts, room_json, timeline_json
from veche.queries.sync.state import MembersTold, StateWish, state_positions
from veche.queries.sync.summary import summary_of
from veche.queries.sync.timeline import Stretch, stretch
from veche.queries.sync.wish import SyncWish
from veche.queries.timeline.presenting import present
from veche.queries.timeline.sight import Hearing, Sight
from veche.storage import rooms, timeline
from veche.storage.reader import Snapshot
from veche.storage.rooms import Membership

KnownMembers = dict[RoomId, MembersTold]


class RoomQuestion(msgspec.Struct, frozen=True):
    """Everything a room's answer depends on besides the database.

    ``known`` are the members whose events this device was given before, by room, each with the position of that
    answer; ``typists`` who types where, for the rooms where that changed.
    """

    asker: Asker
    wish: SyncWish
    since: Position | None
    now: int
    ignored: frozenset[UserId]
    known: KnownMembers
    typists: dict[RoomId, list[UserId]]
    counts: KnownCounts


class RoomAnswers(msgspec.Struct, frozen=True):
    """The rooms to tell of, the members that the device knows from now on, and the counts that were read."""

    joined: list[tuple[RoomId, bytes]]
    left: list[tuple[RoomId, bytes]]
    known: KnownMembers
    counts: dict[RoomId, unread.Unread]


def room_answers(at: Snapshot, question: RoomQuestion) -> RoomAnswers:
    """Return what there is to tell of joined and left rooms."""
    known: KnownMembers = {}
    members = _touched(at, question)
    extras = _extras(at, question, members)
    hearing = extras.hearing
    joined = [(member.room_id, _joined_room(at, question, member, extras, known)) for member in members]
    left = [(member.room_id, _left_room(at, question, member, hearing)) for member in _newly_left(at, question)]
    return RoomAnswers(joined, left, known, extras.unread)


def _extras(at: Snapshot, question: RoomQuestion, members: list[Membership]) -> "_Extras":
    """Read at once what many rooms ask for; a room joined since the token is told from its beginning."""
    asker, since, shape = question.asker, question.since, question.wish.filter.room
    known = [member.room_id for member in members if since is not None and member.since <= since]
    new = [member.room_id for member in members if since is None or member.since > since]
    return _Extras(
        Hearing(at, asker.user, question.ignored),
        receipts.of_rooms(at, asker, known, since, shape.ephemeral)
        | receipts.of_rooms(at, asker, new, None, shape.ephemeral),
        account_data.of_rooms(at, asker, known, since, shape.account_data)
        | account_data.of_rooms(at, asker, new, None, shape.account_data),
        unread.of_rooms(at, asker.user, [*known, *new], threads=True, known=question.counts),
    )


class _Extras(msgspec.Struct, frozen=True):
    """What was read for all touched rooms at once."""

    hearing: Hearing
    receipts: dict[RoomId, list[msgspec.Raw]]
    account_data: dict[RoomId, list[msgspec.Raw]]
    unread: dict[RoomId, unread.Unread]


def _touched(at: Snapshot, question: RoomQuestion) -> list[Membership]:
    """The joined rooms that have something new for the asker."""
    asker, since = question.asker, question.since
    found = rooms.memberships_of(at, asker.user, "join")
    found = [member for member in found if question.wish.filter.room.passes_room(member.room_id)]
    if since is None or question.wish.full_state:
        return found
    news = rooms.with_events_since(at, asker.user, since)
    news |= receipts.touched(at, asker, since) | account_data.touched(at, asker, since)
    news |= unread.touched(at, asker, since) | set(question.typists)
    return [member for member in found if member.room_id in news]


def _joined_room(
    at: Snapshot, question: RoomQuestion, member: Membership, extras: _Extras, known: KnownMembers
) -> bytes:
    wish, asker, room = question.wish, question.asker, member.room_id
    sight = Sight(at, room, asker.user, member.since, extras.hearing)
    since = question.since if question.since is not None and member.since <= question.since else None
    some = stretch(at, sight, wish.filter, since or Position(0), at.position, question.ignored)
    summary = summary_of(at, room, asker.user) if since is None or rooms.face_changed_since(at, room, since) else None
    needed = set(summary.heroes or ()) if summary is not None else set()
    if since is None or wish.full_state:
        needed.add(asker.user)  # lazy clients learn their own name and picture from it (section Syncing)
    state = _state(at, question, room, some, since, frozenset(needed))
    known[room] = _known_from_now(at, question, room, since, [*state, *some.events])
    counts = extras.unread[room]
    parts = RoomParts(
        timeline=_timeline(at, question, sight, some),
        state=present(at, sight, asker.device, state, question.now, with_room=False),
        state_is_after=wish.wants_state_after,
        summary=summary.json() if summary is not None else None,
        ephemeral=_ephemeral(extras.receipts.get(room, []), question, room),
        account_data=[bytes(event) for event in extras.account_data.get(room, ())],
        unread=counts_json(
            counts.notify,
            counts.highlight,
            counts.threads,
            by_thread=wish.filter.room.timeline.unread_thread_notifications,
        ),
    )
    return room_json(parts)


def _state(
    at: Snapshot,
    question: RoomQuestion,
    room: RoomId,
    some: Stretch,
    since: Position | None,
    needed: frozenset[str],
    until: Position | None = None,
) -> list[Event]:
    wish = question.wish
    known = {} if wish.filter.room.state.include_redundant_members else question.known.get(room, {})
    asked = StateWish(since, until or at.position, wish.full_state, wish.wants_state_after, needed, known)
    events = timeline.at_positions(at, state_positions(at, room, wish.filter, some, asked))
    return [event for event in events if _passes(question, event)]


def _passes(question: RoomQuestion, event: Event) -> bool:
    keep = question.wish.filter.room.state
    return keep.passes_event(event) and keep.passes_room(event.room_id)


def _known_from_now(
    at: Snapshot, question: RoomQuestion, room: RoomId, since: Position | None, told: list[Event]
) -> MembersTold:
    """Return whom the device knows once it has this answer; whoever comes back to a room knows nobody there any more.

    A token proves that no later answer has arrived: what those told is forgotten. With ``full_state`` rooms are told
    that have no news, and that the next answer leaves out should this one be lost: it counts for nothing here.
    """
    if not question.wish.filter.room.state.lazy_load_members:
        return {}
    before = {} if since is None else question.known.get(room, {})
    known = {member: position for member, position in before.items() if since is not None and position <= since}
    if since is None or not question.wish.full_state:
        known.update((event.state_key or "", at.position) for event in told if event.type == MEMBER)
    return known


def _timeline(at: Snapshot, question: RoomQuestion, sight: Sight, some: Stretch) -> bytes:
    shown = present(at, sight, question.asker.device, some.events, question.now, with_room=False)
    older = Position(some.events[0].position - 1) if some.events else at.position
    return timeline_json(shown, limited=some.limited, prev_batch=older)


def _ephemeral(found: list[msgspec.Raw], question: RoomQuestion, room: RoomId) -> list[bytes]:
    keep = question.wish.filter.room.ephemeral
    events = [bytes(event) for event in found]
    if room in question.typists and keep.passes(typing.EVENT_TYPE, "") and keep.passes_room(room):
        users = [user for user in question.typists[room] if user not in question.ignored]
        events.append(bytes(typing.event(users)))
    return events


def _newly_left(at: Snapshot, question: RoomQuestion) -> list[Membership]:
    """Rooms that the asker left or was sent from; in a first sync only where the filter asks for them.

    A room that was forgotten since is told too: the person's other devices do not know that it was left.
    """
    since = question.since
    if since is None and not question.wish.filter.room.include_leave:
        return []
    found = rooms.memberships_of(at, question.asker.user, "leave", "ban")
    if since is None:
        return [member for member in found if not member.is_forgotten]
    return [member for member in found if member.position > since]


def _left_room(at: Snapshot, question: RoomQuestion, member: Membership, hearing: Hearing) -> bytes:
    """How it ended: what could be seen of it since the token, and always the event that ended it."""
    sight = Sight(at, member.room_id, question.asker.user, hearing=hearing)
    (ending,) = timeline.at_positions(at, [member.position])
    some, state = _last_stay(at, question, sight, ending) or (Stretch([], False, member.position), [])
    if not some.events or some.events[-1].position != member.position:
        some = msgspec.structs.replace(some, events=[*some.events, ending])
    if question.wish.wants_state_after:
        state = _with_ending(question, state, ending)
    parts = RoomParts(
        timeline=_timeline(at, question, sight, some),
        state=present(at, sight, question.asker.device, state, question.now, with_room=False),
        state_is_after=question.wish.wants_state_after,
    )
    return room_json(parts)


def _with_ending(question: RoomQuestion, state: list[Event], ending: Event) -> list[Event]:
    """Somebody who has left may have been banned since; of the state after that they learn nothing else."""
    if not _passes(question, ending):
        return state
    return [event for event in state if (event.type, event.state_key) != (MEMBER, ending.state_key)] + [ending]


def _last_stay(at: Snapshot, question: RoomQuestion, sight: Sight, ending: Event) -> tuple[Stretch, list[Event]] | None:
    """Return the timeline and state up to the last leaving, None where that was told before or never happened."""
    stay = sight.last_stay
    if stay is None or (question.since is not None and stay.last <= question.since):
        return None
    was_in = question.since is not None and sight.membership_at(question.since) == "join"
    since = question.since if was_in else None
    some = stretch(at, sight, question.wish.filter, since or Position(0), stay.last, question.ignored)
    return some, _state(at, question, sight.room, some, since, frozenset([ending.sender]), stay.last)
