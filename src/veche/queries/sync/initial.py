"""``/initialSync``, of all rooms or of one: what ``/sync`` and the timeline say, in the shape that is older."""

import msgspec

from veche.domain.account_data import Filter, RoomEventFilter, RoomFilter
from veche.domain.events import MEMBER
from veche.domain.ids import Position, RoomId
from veche.domain.sessions import Asker
from veche.domain.timeline import in_room
from veche.queries.context import ReadContext
from veche.queries.rooms import state_positions
from veche.queries.sync import account_data
from veche.queries.sync.loop import answer
from veche.queries.sync.wish import SyncWish, token_from
from veche.queries.timeline.paging import keeps, page_back
from veche.queries.timeline.reading import shown
from veche.queries.timeline.sight import Sight
from veche.storage import rooms, timeline
from veche.storage.reader import Snapshot

MOST_AT_ONCE = 1_000
_TOLD = ("join", "invite", "leave", "ban")
"""The memberships that the old shape has a name for."""

Events = list[msgspec.Raw]


class Chunk(msgspec.Struct, frozen=True, omit_defaults=True):
    """The newest events of a room, oldest first; ``start`` is left out where nothing is older."""

    end: str
    chunk: Events
    start: str | None = None


class RoomInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """One room. To the invited only the invitation is told."""

    room_id: RoomId
    membership: str | None = None
    visibility: str | None = None
    invite: msgspec.Raw | None = None
    messages: Chunk | None = None
    state: Events | None = None
    account_data: Events | None = None


class InitialSync(msgspec.Struct, frozen=True):
    """``GET /initialSync``. From ``end`` on, ``/events`` and ``/sync`` tell what is new."""

    end: str
    rooms: list[RoomInfo]
    presence: Events
    account_data: Events


async def initial_sync(ctx: ReadContext, asker: Asker, limit: int, *, archived: bool) -> InitialSync:
    """Return everything, with ``limit`` messages of each room; ``archived`` brings the rooms that were left too."""
    shape = RoomFilter(include_leave=archived, timeline=RoomEventFilter(limit=max(0, limit)))
    text = await answer(ctx, asker, SyncWish(filter=Filter(room=shape), wants_state_after=True))
    found = msgspec.json.decode(text, type=_Answer)
    # The token would say that messages to the device were handed out, and this answer holds none.
    until = token_from(found.next_batch).position
    listed = await ctx.reader.run(lambda at: _rooms(ctx, at, asker, found.rooms, until))
    return InitialSync(str(until), listed, found.presence.events, found.account_data.events)


async def room_initial_sync(ctx: ReadContext, asker: Asker, room: RoomId, limit: int) -> RoomInfo:
    """Return one room: as it is for members and wherever the world may read, as it was left for those who were in it.

    Raises 403 for everybody else.
    """

    def read(at: Snapshot) -> RoomInfo:
        sight = Sight(at, room, asker.user)
        until, now = sight.state_position(), ctx.clock()
        page = page_back(at, sight, until, max(1, min(limit, MOST_AT_ONCE)), keeps(at, _ALL, sight.ignored))
        state = timeline.at_positions(at, state_positions(at, sight, until))
        member = rooms.membership(at, room, asker.user)
        return RoomInfo(
            room,
            member.membership if member and member.membership in _TOLD and not member.is_forgotten else None,
            _visibility(at, room),
            messages=Chunk(
                str(until),
                shown(at, sight, asker, page.events[::-1], now),
                str(page.end) if page.end is not None else None,
            ),
            state=shown(at, sight, asker, state, now),
            account_data=account_data.of_rooms(at, asker, [room], None).get(room, []),
        )

    return await ctx.reader.run(read)


_ALL = RoomEventFilter()


class _Events(msgspec.Struct, frozen=True):
    events: Events = []


class _Timeline(msgspec.Struct, frozen=True):
    events: Events
    prev_batch: str


class _Room(msgspec.Struct, frozen=True):
    timeline: _Timeline
    state_after: _Events = _Events()
    account_data: _Events = _Events()


class _Rooms(msgspec.Struct, frozen=True):
    invite: dict[RoomId, msgspec.Raw] = {}
    join: dict[RoomId, _Room] = {}
    leave: dict[RoomId, _Room] = {}


class _Answer(msgspec.Struct, frozen=True):
    """What is needed of an answer to ``/sync``."""

    next_batch: str
    rooms: _Rooms = _Rooms()
    presence: _Events = _Events()
    account_data: _Events = _Events()


def _rooms(ctx: ReadContext, at: Snapshot, asker: Asker, found: _Rooms, until: Position) -> list[RoomInfo]:
    """Return the rooms of an answer to ``/sync`` that was made at ``until``; what it leaves out is read as of then."""
    told = {**found.join, **found.leave}
    return [
        *(_invitation(ctx, at, asker, room, until) for room in found.invite),
        *(_room(at, asker, room, one, until) for room, one in told.items()),
    ]


def _room(at: Snapshot, asker: Asker, room: RoomId, found: _Room, until: Position) -> RoomInfo:
    member = rooms.PastState(at, room, until).get(MEMBER, asker.user)
    return RoomInfo(
        room,
        member.content["membership"] if member is not None else "leave",
        _visibility(at, room),
        messages=Chunk(str(until), _with_room(room, found.timeline.events), found.timeline.prev_batch),
        state=_with_room(room, found.state_after.events),
        account_data=found.account_data.events,
    )


def _invitation(ctx: ReadContext, at: Snapshot, asker: Asker, room: RoomId, until: Position) -> RoomInfo:
    invited = rooms.PastState(at, room, until).get(MEMBER, asker.user)
    own = timeline.at_positions(at, [invited.position] if invited is not None else [])
    [event] = shown(at, Sight(at, room, asker.user), asker, own, ctx.clock())
    return RoomInfo(room, "invite", _visibility(at, room), invite=event)


def _visibility(at: Snapshot, room: RoomId) -> str:
    found = rooms.find(at, room)
    return "public" if found is not None and found.is_public else "private"


def _with_room(room: RoomId, events: Events) -> Events:
    return [msgspec.Raw(in_room(room, bytes(event))) for event in events]
