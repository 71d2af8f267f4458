"""Welcoming: the rooms that a new account finds itself in, and the founding of those that everybody shares.

Part of the transaction that makes the account; those who were there before follow in slices. A room that cannot be
joined is passed over: nobody is kept from having an account by a room.
"""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import msgspec

from veche.commands.context import Context
from veche.commands.rooms.admitting import admit
from veche.commands.rooms.creating import RoomWish, found, understood
from veche.domain.directory import alias_for, default_aliases
from veche.domain.ids import Alias, DeviceId, RoomId, UserId, localpart_of
from veche.domain.moderation import may_go_on
from veche.domain.refusals import Refused
from veche.domain.sessions import Asker
from veche.storage import accounts, directory, moderation
from veche.storage.writer import Transaction


class Promise(msgspec.Struct, frozen=True):
    """What was promised to somebody before they had an account: ``reason`` is told in rooms closed to others."""

    rooms: tuple[RoomId, ...] = ()
    reason: str = ""
    opens_closed_rooms: bool = False


NOTHING_PROMISED = Promise()


ACCOUNTS_AT_ONCE = 10
"""Accounts that are brought into new rooms in one transaction."""


def found_default_rooms(tx: Transaction, ctx: Context, founder: UserId) -> list[RoomId]:
    """Make the rooms that everybody shares, as far as they are not there: anybody may join, the directory lists them.

    Returns those that were made, for ``gather_everybody``. They are not encrypted. Whoever has an account may enter, so
    nothing would be hidden from anybody, while those who come later could not read what was said before.
    """
    made = []
    for name in ctx.limits.default_rooms:
        alias = alias_for(name, ctx.limits.server_name)
        if _shared_room(tx, ctx, alias) is None and directory.room_of(tx, alias) is None:
            wish = RoomWish(visibility="public", preset="public_chat", name=name, room_alias_name=localpart_of(alias))
            made.append(found(ctx, tx, Asker(founder, DeviceId("")), understood(ctx, wish)))
    return made


async def found_added_rooms(ctx: Context) -> list[Alias]:
    """Found what came into the setting since the server began, in the name of its eldest administrator, for everybody.

    Returns the aliases that lead to a room of somebody's own instead: such a room is joined by nobody, and the one that
    everybody joins is founded once the alias is free.
    """
    made, taken = await ctx.writer.run(partial(_added, ctx))
    await gather_everybody(ctx, made)
    return taken


async def gather_everybody(ctx: Context, made: Sequence[RoomId]) -> None:
    """Let all who have an account join rooms that have just been made: they came before anybody founded them."""
    last: UserId | None = UserId("")
    while made and last is not None:
        last = await ctx.writer.run(partial(_gather, ctx, made, last))


def join_rooms(tx: Transaction, ctx: Context, user: UserId, promise: Promise) -> None:
    """Bring a new account into the rooms that everybody shares and into those it was promised."""
    aliases = default_aliases(ctx.limits)
    shared = [room for alias in aliases if (room := _shared_room(tx, ctx, alias)) is not None]
    for room in dict.fromkeys((*promise.rooms, *shared)):
        opened_by = promise.reason if promise.opens_closed_rooms and room in promise.rooms else None
        with suppress(Refused):  # rules are asked before anything is written
            admit(ctx, tx, room, user, opened_by=opened_by)


def _added(ctx: Context, tx: Transaction) -> tuple[list[RoomId], list[Alias]]:
    founder = moderation.eldest_administrator(tx, ctx.clock())
    if founder is None:
        return [], []  # the first one founds them all
    made = found_default_rooms(tx, ctx, founder)
    return made, [alias for alias in default_aliases(ctx.limits) if directory.default_room(tx, alias) is None]


def _shared_room(tx: Transaction, ctx: Context, alias: Alias) -> RoomId | None:
    """Return the room that everybody joins under an alias: the one the server founded, or an administrator chose.

    A room that somebody else named so, before the setting did, is nobody's but theirs.
    """
    known = directory.default_room(tx, alias)
    if known is not None:
        return known
    room, maker = directory.room_of(tx, alias), directory.creator_of(tx, alias)
    standing = moderation.standing(tx, maker, ctx.clock()) if maker is not None else None
    if room is None or standing is None or standing.role != "administrator" or may_go_on(standing) is not None:
        return None
    directory.set_default_room(tx, alias, room)
    return room


def _gather(ctx: Context, made: Sequence[RoomId], last: UserId, tx: Transaction) -> UserId | None:
    """Bring some accounts into the rooms; return the last of them, None at the end."""
    some = accounts.after(tx, last, ACCOUNTS_AT_ONCE)
    for account in some:
        for room in made if account.deactivated_ts is None else ():
            with suppress(Refused):
                admit(ctx, tx, room, account.user_id)
    return some[-1].user_id if len(some) == ACCOUNTS_AT_ONCE else None
