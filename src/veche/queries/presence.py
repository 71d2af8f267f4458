"""Presence: how somebody is doing, for those who share a room with them."""

from veche.domain.ids import UserId
from veche.domain.refusals import Refused, forbidden
from veche.domain.sessions import Asker
from veche.live.presence import Status
from veche.queries.context import ReadContext
from veche.storage import rooms


async def status(ctx: ReadContext, asker: Asker, user: UserId) -> Status:
    """Return what somebody said last, else whether they sync now; raises 403 for those who share no room.

    A status that nobody set bears the present moment.
    """
    if user != asker.user and not await ctx.reader.run(lambda at: rooms.share_a_room(at, asker.user, user)):
        raise Refused(forbidden("You share no room with that person."))
    said = ctx.live.presence.find(user)
    if said is not None:
        return said
    feed = ctx.live.notifier.feed(user)
    is_syncing = feed is not None and bool(feed.waiting)
    return Status("online" if is_syncing else "offline", None, ctx.clock())
