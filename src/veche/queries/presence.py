"""Presence: how somebody is doing, for those who share a room with them."""

from veche.domain.ids import UserId
from veche.domain.presence import Status
from veche.domain.refusals import Refused, forbidden
from veche.domain.sessions import Asker
from veche.queries.context import ReadContext
from veche.storage import rooms


async def status(ctx: ReadContext, asker: Asker, user: UserId) -> tuple[Status, int | None]:
    """Return how somebody is doing at this moment, and the millisecond in which they were last active, if ever.

    Raises 403 for those who share no room. Where presence is off everybody is offline.
    """
    if user != asker.user and not await ctx.reader.run(lambda at: rooms.share_a_room(at, asker.user, user)):
        raise Refused(forbidden("You share no room with that person."))
    return ctx.live.presence.status(user)
