"""Summaries of rooms for those outside: one room's, and the reading of many for lists and spaces."""

from collections.abc import Iterable, Mapping

import msgspec

from veche.domain.directory.summaries import SUMMARIZED, Face, RoomSummary, may_preview, summary_of
from veche.domain.ids import RoomId
from veche.domain.refusals import Refused, not_found
from veche.domain.sessions import Asker
from veche.queries.context import ReadContext
from veche.storage import directory, rooms
from veche.storage.reader import Snapshot

_NO_ROOM = not_found("There is no such room, or it is closed to you.")


async def room_summary(ctx: ReadContext, asker: Asker, name: str) -> RoomSummary:
    """Return the summary of a room that is named by id or alias (``GET /room_summary``).

    Raises 404 where the asker may not be shown it, in the same words as where there is no such room.
    """
    return await ctx.reader.run(lambda at: _summary(at, asker, name))


def _summary(at: Snapshot, asker: Asker, name: str) -> RoomSummary:
    room = directory.room_named(at, name)
    if room is None:
        raise Refused(_NO_ROOM)
    face = directory.faces(at, [room], SUMMARIZED).get(room, {})
    own = {one.room_id: one.membership for one in rooms.memberships_of(at, asker.user)} if asker.user else {}
    if not may_preview(face, own.get(room), joined_among(own)):
        raise Refused(_NO_ROOM)
    summary = summaries({room: face}, directory.frames(at, [room]))[room]
    return msgspec.structs.replace(summary, membership=own[room]) if room in own else summary


def joined_among(memberships: Mapping[RoomId, str]) -> set[RoomId]:
    """Return the rooms that somebody with these memberships is joined to."""
    return {room for room, membership in memberships.items() if membership == "join"}


def summaries(faces: Mapping[RoomId, Face], frames: Mapping[RoomId, directory.Frame]) -> dict[RoomId, RoomSummary]:
    """Return the summaries of those rooms that have a frame; the only place where one is made."""
    framed = ((room, face, *frames[room]) for room, face in faces.items() if room in frames)
    return {room: summary_of(room, face, joined, version) for room, face, version, joined in framed}


def faces_of(at: Snapshot, wanted: Iterable[RoomId], kinds: tuple[str, ...]) -> dict[RoomId, Face]:
    """Return the faces of rooms, of each at least an empty one, in the order in which they are wanted."""
    wanted = list(wanted)
    found = directory.faces(at, wanted, kinds)
    return {room: found.get(room, {}) for room in wanted}
