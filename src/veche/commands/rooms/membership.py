"""Who is in a room: join, invite, leave, kick, ban, unban, knock, forget. One command each, one event each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from veche.commands.context import Context
from veche.commands.timeline.appending import append, encode
from veche.commands.timeline.sending import is_here, wants_invitations
from veche.domain.events import CREATE, MEMBER, Content, Draft
from veche.domain.ids import RoomId, UserId, is_user_id
from veche.domain.membership import (
    ALLOWED_BY,
    NOT_IN_ROOM,
    may_ban,
    may_invite,
    may_invite_somebody,
    may_kick,
    may_unban,
    membership_of,
    rooms_that_admit,
)
from veche.domain.moderation import may_take_part
from veche.domain.power_levels import PowerLevels, power_levels
from veche.domain.refusals import Refusal, Refused, forbidden, invalid_param, not_found, refuse
from veche.domain.sessions import Asker
from veche.storage import profiles, rooms
from veche.storage.rooms import CurrentState
from veche.storage.writer import Transaction

NO_ROOM = not_found("There is no such room.")
NOT_ADMITTED = forbidden("You cannot enter that room: it is closed to you, or there is no such room.")
"""Also said of rooms that do not exist: outsiders cannot tell the two apart."""


async def join(ctx: Context, asker: Asker, room: RoomId, reason: str | None = None) -> RoomId:
    """Join a room.

    Raises 403 where its join rule forbids it (section Joining rooms), in the same words where there is no such room.
    """
    refuse(may_take_part(asker))

    def work(tx: Transaction) -> RoomId:
        state = known(tx, room, NOT_ADMITTED)
        if membership_of(state, asker.user) != "join":
            allowed_by = _who_admits(tx, state, asker.user)
            vouched = {} if allowed_by is None else {ALLOWED_BY: allowed_by}
            content = {**card(tx, asker.user), **_why(reason), **vouched, "membership": "join"}
            with _discreet(state, asker):
                set_membership(ctx, tx, state, asker, asker.user, content, allowed_by=allowed_by)
        return room

    return await ctx.writer.run(work)


async def invite(ctx: Context, asker: Asker, room: RoomId, user: UserId, reason: str | None = None) -> None:
    """Invite somebody. Raises 403 where the asker may not, or the person is in the room or wants no invitations."""
    refuse(may_take_part(asker))

    def work(tx: Transaction) -> None:
        state = known(tx, room)
        refuse(may_invite_somebody(state, asker.user))
        refuse(_is_user(user) or is_here(tx, user))
        refuse(may_invite(state, asker.user, user) or wants_invitations(tx, user))
        content = {**card(tx, user), **_why(reason), "membership": "invite"}
        set_membership(ctx, tx, state, asker, user, content)

    await ctx.writer.run(work)


async def leave(ctx: Context, asker: Asker, room: RoomId, reason: str | None = None) -> None:
    """Leave a room, or turn down an invitation; leaving what one has left changes nothing."""

    def work(tx: Transaction) -> None:
        state = known(tx, room)
        event = state.get(MEMBER, asker.user)
        if event is not None and event.content["membership"] != "leave":
            set_membership(ctx, tx, state, asker, asker.user, {**_why(reason), "membership": "leave"})
        elif event is None:
            raise Refused(NOT_IN_ROOM)

    await ctx.writer.run(work)


async def kick(ctx: Context, asker: Asker, room: RoomId, user: UserId, reason: str | None = None) -> None:
    """Remove somebody from a room. Raises 403 where the asker may not or the person is not in it."""
    await _end(ctx, asker, room, user, reason, may_kick)


async def unban(ctx: Context, asker: Asker, room: RoomId, user: UserId, reason: str | None = None) -> None:
    """Lift a ban. Raises 403 where the asker may not or the person is not banned."""
    await _end(ctx, asker, room, user, reason, may_unban)


async def ban(ctx: Context, asker: Asker, room: RoomId, user: UserId, reason: str | None = None) -> None:
    """Ban somebody, in the room or not. Raises 403 where the asker may not."""
    refuse(may_take_part(asker))

    def work(tx: Transaction) -> None:
        state = known(tx, room)
        refuse(_is_user(user) or may_ban(state, asker.user, user))
        if membership_of(state, user) != "ban":
            set_membership(ctx, tx, state, asker, user, {**_why(reason), "membership": "ban"})

    await ctx.writer.run(work)


async def knock(ctx: Context, asker: Asker, room: RoomId, reason: str | None = None) -> RoomId:
    """Ask to be let in. Raises 403 where the room cannot be knocked on."""
    refuse(may_take_part(asker))

    def work(tx: Transaction) -> RoomId:
        state = known(tx, room, NOT_ADMITTED)
        if membership_of(state, asker.user) != "knock":
            content = {**card(tx, asker.user), **_why(reason), "membership": "knock"}
            with _discreet(state, asker):
                set_membership(ctx, tx, state, asker, asker.user, content)
        return room

    return await ctx.writer.run(work)


async def forget(ctx: Context, asker: Asker, room: RoomId) -> None:
    """Forget a room that one has left: it vanishes from history and sync. Raises 400 while still in it."""

    def work(tx: Transaction) -> None:
        now = rooms.membership(tx, room, asker.user)
        if now is None:
            raise Refused(NO_ROOM)
        if now.membership not in ("leave", "ban"):
            raise Refused(Refusal("M_UNKNOWN", 400, "Leave the room before forgetting it."))
        rooms.forget(tx, room, asker.user)

    await ctx.writer.run(work)


def known(tx: Transaction, room: RoomId, otherwise: Refusal = NOT_IN_ROOM) -> CurrentState:
    """Return the state of a room that exists; refuses otherwise."""
    state = rooms.current_state(tx, room)
    if state.get(CREATE) is None:
        raise Refused(otherwise)
    return state


def card(tx: Transaction, user: UserId) -> Content:
    """Return what a membership event shows of somebody: display name and avatar."""
    fields = profiles.names_of(tx, [user]).get(user, {})
    return {name: fields[name] for name in ("displayname", "avatar_url") if name in fields}


def set_membership(
    ctx: Context,
    tx: Transaction,
    state: CurrentState,
    asker: Asker,
    user: UserId,
    content: Content,
    *,
    allowed_by: UserId | None = None,
) -> None:
    """Append the membership event that says how ``user`` stands to the room from now on."""
    draft = Draft(MEMBER, content, user)
    append(tx, state, encode(ctx, state.room_id, asker.user, draft), allowed_by=allowed_by)
    if content["membership"] != "join":
        tx.after(partial(_end_typing, ctx, state.room_id, user))


@contextmanager
def _discreet(state: CurrentState, asker: Asker) -> Iterator[None]:
    """Say to whoever never stood in any relation to a room what is said of rooms that do not exist."""
    is_stranger = state.get(MEMBER, asker.user) is None
    try:
        yield
    except Refused:
        if is_stranger:
            raise Refused(NOT_ADMITTED) from None
        raise


def _end_typing(ctx: Context, room: RoomId, user: UserId) -> None:
    if ctx.live.typing.stop(room, user):
        ctx.live.notifier.tell_room(room)


async def _end(
    ctx: Context,
    asker: Asker,
    room: RoomId,
    user: UserId,
    reason: str | None,
    may: Callable[[Any, UserId, UserId], Refusal | None],
) -> None:
    refuse(may_take_part(asker))

    def work(tx: Transaction) -> None:
        state = known(tx, room)
        refuse(_is_user(user) or may(state, asker.user, user))
        set_membership(ctx, tx, state, asker, user, {**_why(reason), "membership": "leave"})

    await ctx.writer.run(work)


def _why(reason: str | None) -> Content:
    return {} if reason is None else {"reason": reason}


def _is_user(user: UserId) -> Refusal | None:
    return None if is_user_id(user) else invalid_param(f"{user!r} is not a user id", "user_id")


def _who_admits(tx: Transaction, state: CurrentState, user: UserId) -> UserId | None:
    """Return a member with the power to invite, where ``user`` is in a room that a restricted room lets in."""
    allowed = rooms_that_admit(state)
    if not allowed or membership_of(state, user) in ("invite", "join"):
        return None
    if not any(_is_in(tx, room, user) for room in allowed):
        return None
    levels = power_levels(state)
    able = (one for one in levels.who_may("invite") if _is_in(tx, state.room_id, one))
    return next(able, None) or _anybody_who_admits(tx, state, levels, user)


def _anybody_who_admits(tx: Transaction, state: CurrentState, levels: PowerLevels, user: UserId) -> UserId | None:
    """Return a member who may invite because everybody may; among so many there is one whose level is not lower."""
    needed = levels.needed("invite")
    if levels.users_default < needed:
        return None
    some = rooms.first_members(tx, state.room_id, ("join",), user, len(levels.users) + 1)
    return next((one for one in some if levels.of(one) >= needed), None)


def _is_in(tx: Transaction, room: RoomId, user: UserId) -> bool:
    found = rooms.membership(tx, room, user)
    return found is not None and found.membership == "join"
