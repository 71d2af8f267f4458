"""Presence: what people say of themselves. It lives in memory only, so nothing is written here."""

from veche.commands.context import Context
from veche.domain.ids import UserId
from veche.domain.refusals import Refused, forbidden
from veche.domain.sessions import Asker
from veche.live.presence import Status


async def set_presence(ctx: Context, asker: Asker, user: UserId, presence: str, status_msg: str | None) -> None:
    """Remember the asker's status until the server stops; nobody is woken. Raises 403 for somebody else's."""
    if user != asker.user:
        raise Refused(forbidden("You can only set your own presence."))
    ctx.live.presence.put(user, Status(presence, status_msg, ctx.clock()))
