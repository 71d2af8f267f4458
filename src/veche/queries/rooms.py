"""Rooms: their state and members, at any position the asker may look from."""

import msgspec

from veche.domain.events import MEMBER
from veche.domain.ids import Position, RoomId, UserId
from veche.domain.membership import NOT_IN_ROOM
from veche.domain.refusals import Refused, not_found
from veche.domain.sessions import Asker
from veche.domain.timeline import Event, content_of
from veche.queries.context import ReadContext
from veche.queries.timeline.erasing import without_erased
from veche.queries.timeline.reading import shown
from veche.queries.timeline.sight import Sight
from veche.storage import profiles, rooms, timeline
from veche.storage.reader import Snapshot


class Member(msgspec.Struct, frozen=True, omit_defaults=True):
    """A joined member as ``GET /joined_members`` shows them."""

    display_name: str | None = None
    avatar_url: str | None = None


async def state(ctx: ReadContext, asker: Asker, room: RoomId) -> list[msgspec.Raw]:
    """Return the whole state: the present one for members, that of the leaving for former ones; 403 for others."""

    def read(at: Snapshot) -> list[msgspec.Raw]:
        sight = Sight(at, room, asker.user)
        positions = state_positions(at, sight, sight.state_position())
        return shown(at, sight, asker, timeline.at_positions(at, positions), ctx.clock())

    return await ctx.reader.run(read)


async def state_event(ctx: ReadContext, asker: Asker, room: RoomId, kind: str, key: str, *, whole: bool) -> msgspec.Raw:
    """Return the content of one state event, or the ``whole`` event. Raises 404 where it was never set."""

    def read(at: Snapshot) -> msgspec.Raw:
        sight = Sight(at, room, asker.user)
        found = rooms.PastState(at, room, sight.state_position()).get(kind, key)
        if found is None:
            raise Refused(not_found("The room has no such state."))
        events = timeline.at_positions(at, [found.position])
        if not whole:
            return msgspec.Raw(msgspec.json.encode(content_of(without_erased(at, sight, events)[0])))
        return shown(at, sight, asker, events, ctx.clock())[0]

    return await ctx.reader.run(read)


async def members(
    ctx: ReadContext,
    asker: Asker,
    room: RoomId,
    *,
    at_position: Position | None,
    membership: str | None,
    not_membership: str | None,
) -> list[msgspec.Raw]:
    """Return the membership events, now or as of a position, optionally of one kind or without one.

    Nobody is told who was in the room before they could read it: an earlier position stands for that moment.
    """

    def read(at: Snapshot) -> list[msgspec.Raw]:
        sight = Sight(at, room, asker.user)
        last = sight.state_position()
        position = last if at_position is None else min(sight.nearest_from(at_position), last)
        found = [event for event in _members_at(at, sight, position) if _fits(event, membership, not_membership)]
        return shown(at, sight, asker, found, ctx.clock())

    return await ctx.reader.run(read)


async def joined_members(ctx: ReadContext, asker: Asker, room: RoomId) -> dict[UserId, Member]:
    """Return the joined members with name and avatar. Raises 403 for those who are not joined themselves."""

    def read(at: Snapshot) -> dict[UserId, Member]:
        _require_joined(at, room, asker)
        joined = rooms.members(at, room, "join")
        shown = profiles.names_of(at, [member.user_id for member in joined])
        return {
            member.user_id: Member(member.display_name, shown.get(member.user_id, {}).get("avatar_url"))
            for member in joined
        }

    return await ctx.reader.run(read)


async def joined_rooms(ctx: ReadContext, asker: Asker) -> list[RoomId]:
    """Return the rooms that the asker is joined to."""
    found = await ctx.reader.run(lambda at: rooms.memberships_of(at, asker.user, "join"))
    return [member.room_id for member in found]


def _require_joined(at: Snapshot, room: RoomId, asker: Asker) -> None:
    found = rooms.membership(at, room, asker.user)
    if found is None or found.membership != "join":
        raise Refused(NOT_IN_ROOM)


def state_positions(at: Snapshot, sight: Sight, position: Position) -> list[Position]:
    """Return where the events stand that made up the room's state at ``position``."""
    if position == at.position:
        return rooms.current_positions(at, sight.room)
    return sorted(rooms.state_positions(at, sight.room, position).values())


def _members_at(at: Snapshot, sight: Sight, position: Position) -> list[Event]:
    found = rooms.state_positions_of_type(at, sight.room, MEMBER, position)
    return timeline.at_positions(at, found)


def _fits(event: Event, membership: str | None, not_membership: str | None) -> bool:
    """Given both, either is enough (section Getting events for a room, ``GET /members``)."""
    if membership is None and not_membership is None:
        return True
    kind = content_of(event).get("membership")
    return kind == membership or (not_membership is not None and kind != not_membership)
