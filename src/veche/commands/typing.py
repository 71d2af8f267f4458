"""Typing: it lives in memory only, so nothing is written here."""

from veche.commands.context import Context
from veche.domain.ids import RoomId, UserId
from veche.domain.membership import NOT_IN_ROOM
from veche.domain.moderation import may_take_part
from veche.domain.refusals import Refused, forbidden, refuse
from veche.domain.sessions import Asker
from veche.storage import rooms

USUAL_MS = 30_000
LONGEST_MS = 120_000


async def set_typing(
    ctx: Context, asker: Asker, room: RoomId, user: UserId, *, is_typing: bool, timeout_ms: int | None
) -> None:
    """Tell the room that the asker types for the next ``timeout_ms`` (30 s if None, 2 min at most), or no longer.

    Raises 403 for somebody else's typing and for those who are not in the room (section Typing Notifications).
    """
    if user != asker.user:
        raise Refused(forbidden("You can only say that you type yourself."))
    if is_typing:
        refuse(may_take_part(asker))
    membership = await ctx.reader.run(lambda at: rooms.membership(at, room, user))
    if membership is None or membership.membership != "join":
        raise Refused(NOT_IN_ROOM)
    ctx.live.presence.act(asker.user, asker.device)
    lasts = min(USUAL_MS if timeout_ms is None else timeout_ms, LONGEST_MS)
    typing = ctx.live.typing
    is_news = typing.start(room, user, lasts) if is_typing and lasts > 0 else typing.stop(room, user)
    if is_news:
        ctx.live.notifier.tell_room(room)
