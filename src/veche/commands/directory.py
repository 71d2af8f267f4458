"""Directory: making and removing aliases, listing a room publicly."""

from veche.commands.context import Context
from veche.domain.directory import default_aliases, may_be_alias, may_take_alias
from veche.domain.events import CANONICAL_ALIAS
from veche.domain.ids import Alias, RoomId, is_room_id
from veche.domain.membership import NOT_IN_ROOM, membership_of
from veche.domain.moderation import may_take_part
from veche.domain.power_levels import lacks_power, power_levels
from veche.domain.refusals import Refusal, Refused, invalid_param, not_found, refuse
from veche.domain.sessions import Asker
from veche.storage import directory, rooms
from veche.storage.rooms import CurrentState
from veche.storage.writer import Transaction


async def add_alias(ctx: Context, asker: Asker, alias: Alias, room: RoomId) -> None:
    """Make an alias lead to a room the asker is in. Raises 409 M_UNKNOWN where it is taken (section Room aliases).

    Raises 400 M_EXCLUSIVE for what is kept for the rooms that everybody joins; an administrator's takes their place.
    """
    refuse(may_take_part(asker))
    refuse(may_be_alias(alias, ctx.limits.server_name) or may_take_alias(asker, alias, ctx.limits))
    if not is_room_id(room):
        raise Refused(invalid_param(f"{room!r} is not a room id", "room_id"))

    def work(tx: Transaction) -> None:
        refuse(_is_member(rooms.current_state(tx, room), asker))
        if not directory.add_alias(tx, alias, room, asker.user):
            raise Refused(Refusal("M_UNKNOWN", 409, f"{alias} is taken."))
        if alias in default_aliases(ctx.limits):
            directory.set_default_room(tx, alias, room)

    await ctx.writer.run(work)


async def delete_alias(ctx: Context, asker: Asker, alias: Alias) -> None:
    """Delete an alias: its maker may, administrators, and whoever may set the room's canonical alias."""

    refuse(may_take_part(asker))

    def work(tx: Transaction) -> None:
        room = directory.room_of(tx, alias)
        if room is None:
            raise Refused(not_found(f"{alias} leads nowhere."))
        if asker.role != "administrator" and directory.creator_of(tx, alias) != asker.user:
            refuse(_may_name(rooms.current_state(tx, room), asker))
        directory.delete_alias(tx, alias)

    await ctx.writer.run(work)


async def publish(ctx: Context, asker: Asker, room: RoomId, *, is_public: bool) -> None:
    """List a room in the directory or take it out: for those who may set its canonical alias, and administrators.

    Raises 404 where there is no such room, and to whoever never stood in any relation to it.
    """

    refuse(may_take_part(asker))

    def work(tx: Transaction) -> None:
        is_stranger = rooms.membership(tx, room, asker.user) is None
        if rooms.find(tx, room) is None or (is_stranger and asker.role != "administrator"):
            raise Refused(not_found("There is no such room."))
        if asker.role != "administrator":
            refuse(_may_name(rooms.current_state(tx, room), asker))
        rooms.publish(tx, room, is_public=is_public)

    await ctx.writer.run(work)


def _is_member(state: CurrentState, asker: Asker) -> Refusal | None:
    return None if membership_of(state, asker.user) == "join" else NOT_IN_ROOM


def _may_name(state: CurrentState, asker: Asker) -> Refusal | None:
    levels = power_levels(state)
    needed = levels.needed_for_event(CANONICAL_ALIAS, True)
    return _is_member(state, asker) or lacks_power(levels, asker.user, needed, "name the room")
