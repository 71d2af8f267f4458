"""What touches all rooms of a person at once, in slices: leaving them, and showing a new name or picture in them."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from veche.commands.context import Context
from veche.commands.rooms.membership import card, known, set_membership
from veche.domain.events import MEMBER
from veche.domain.ids import RoomId
from veche.domain.membership import ALLOWED_BY
from veche.domain.refusals import Refused
from veche.domain.sessions import Asker
from veche.storage import rooms
from veche.storage.rows import slices
from veche.storage.writer import Transaction

ROOMS_AT_ONCE = 50
_NOT_KEPT = ("displayname", "avatar_url", "reason", ALLOWED_BY)


async def leave_all_rooms(ctx: Context, asker: Asker) -> None:
    """Leave every room, turn down every invitation and take back every knock."""
    found = await ctx.reader.run(lambda at: rooms.memberships_of(at, asker.user, "join", "invite", "knock"))
    for some in slices([member.room_id for member in found], ROOMS_AT_ONCE):
        await ctx.writer.run(partial(_leave, ctx, asker, some))


async def announce_profile(ctx: Context, asker: Asker) -> None:
    """Show the asker's present display name and avatar in all joined rooms; unchanged ones get no event.

    A room whose rules forbid it keeps the old ones: a join rule nobody knows holds even for those who are in.
    """
    found = await ctx.reader.run(lambda at: rooms.memberships_of(at, asker.user, "join"))
    for some in slices([member.room_id for member in found], ROOMS_AT_ONCE):
        await ctx.writer.run(partial(_announce, ctx, asker, some))


def _leave(ctx: Context, asker: Asker, some: Sequence[RoomId], tx: Transaction) -> None:
    for room in some:
        state = known(tx, room)
        event = state.get(MEMBER, asker.user)
        if event is not None and event.content["membership"] in ("join", "invite", "knock"):
            set_membership(ctx, tx, state, asker, asker.user, {"membership": "leave"})


def _announce(ctx: Context, asker: Asker, some: Sequence[RoomId], tx: Transaction) -> None:
    shown = card(tx, asker.user)
    for room in some:
        state = known(tx, room)
        event = state.get(MEMBER, asker.user)
        if event is None or event.content["membership"] != "join":
            continue
        kept = {name: value for name, value in event.content.items() if name not in _NOT_KEPT}
        content = {**kept, **shown}
        if content != event.content:
            with suppress(Refused):  # rules are asked before anything is written
                set_membership(ctx, tx, state, asker, asker.user, content)
