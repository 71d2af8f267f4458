"""Admitting somebody to a room as part of another command, in its transaction: so new accounts come into rooms."""

from veche.commands.context import Context
from veche.commands.rooms.membership import card, known, set_membership
from veche.commands.timeline.appending import append_unasked, encode
from veche.domain.events import MEMBER, Draft
from veche.domain.ids import DeviceId, RoomId, UserId
from veche.domain.membership import may_join, membership_of
from veche.domain.sessions import Asker
from veche.storage.writer import Transaction


def admit(ctx: Context, tx: Transaction, room: RoomId, user: UserId, *, opened_by: str | None = None) -> None:
    """Let somebody join a room; raises ``Refused``, before anything is written, where its rules forbid it.

    ``opened_by`` tells the members who let the newcomer into a room that is closed to them: then only a ban is in the
    way. Nobody in the room can have invited a person who had no account yet.
    """
    state = known(tx, room)
    now = membership_of(state, user)
    if now == "join":
        return
    content = {**card(tx, user), "membership": "join"}
    if opened_by is None or now == "ban" or may_join(state, user) is None:
        set_membership(ctx, tx, state, Asker(user, DeviceId("")), user, content)
    else:
        draft = Draft(MEMBER, {**content, "reason": opened_by}, user)
        append_unasked(tx, state, encode(ctx, room, user, draft))
