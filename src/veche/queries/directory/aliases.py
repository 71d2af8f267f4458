"""Aliases: where one leads, which a room has, and whether the directory lists a room."""

from veche.domain.directory.summaries import OPENNESS, is_open
from veche.domain.ids import Alias, RoomId, is_alias
from veche.domain.membership import NOT_IN_ROOM
from veche.domain.refusals import Refused, invalid_param, not_found
from veche.domain.sessions import Asker
from veche.queries.context import ReadContext
from veche.queries.timeline.sight import Sight
from veche.storage import directory, rooms
from veche.storage.reader import Snapshot


async def room_of(ctx: ReadContext, alias: Alias) -> RoomId:
    """Return the room that an alias leads to.

    Raises 400 for what is no alias, 404 where it leads nowhere (section Room aliases).
    """
    if not is_alias(alias):
        raise Refused(invalid_param(f"{alias!r} is not a room alias", "room_alias"))
    room = await ctx.reader.run(lambda at: directory.room_of(at, alias))
    if room is None:
        raise Refused(not_found(f"{alias} leads nowhere."))
    return room


async def aliases_of(ctx: ReadContext, asker: Asker, room: RoomId) -> list[Alias]:
    """Return a room's aliases, for members and wherever the world may read. Raises 403 otherwise."""

    def read(at: Snapshot) -> list[Alias]:
        sight = Sight(at, room, asker.user)
        if sight.membership_at(at.position) != "join" and not sight.is_open_to_all:
            raise Refused(NOT_IN_ROOM)
        return directory.aliases_of(at, room)

    return await ctx.reader.run(read)


async def is_public(ctx: ReadContext, asker: Asker, room: RoomId) -> bool:
    """Say whether the directory lists a room.

    Raises 404 where there is no such room, and where it is one of which the asker knows nothing.
    """

    def read(at: Snapshot) -> bool:
        found = rooms.find(at, room)
        if found is None or not (found.is_public or _may_know(at, asker, room)):
            raise Refused(not_found("There is no such room."))
        return found.is_public

    return await ctx.reader.run(read)


def _may_know(at: Snapshot, asker: Asker, room: RoomId) -> bool:
    """Say whether the asker may know that a room is there which the directory does not list."""
    if asker.role == "administrator" or rooms.membership(at, room, asker.user) is not None:
        return True
    return is_open(directory.faces(at, [room], OPENNESS).get(room, {}))
