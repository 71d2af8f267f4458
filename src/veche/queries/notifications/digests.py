"""What a digest has to tell: the same unread events that a pusher of the other kind would tell one by one."""

from collections.abc import Sequence

import msgspec

from veche.domain.ids import Position
from veche.domain.notifications.digests import MOST_TOLD, Told, since_here
from veche.domain.notifications.pushers import Pusher, PusherKey
from veche.domain.refusals import Refused, not_found
from veche.domain.sessions import digest_of
from veche.queries.context import ReadContext
from veche.queries.notifications.pushes import Notice, unread_notices
from veche.storage import moderation
from veche.storage.notifications import digests, pushers, walking
from veche.storage.reader import Snapshot

STRETCH = 20_000
"""Positions of the log that are gone through for one answer."""
NO_ENDING = not_found("This link is not valid.")


class Touched(msgspec.Struct, frozen=True):
    """The pushers by mail of those for whom something may have happened, up to ``head``."""

    keys: list[PusherKey]
    head: Position


class Unread(msgspec.Struct, frozen=True):
    """What somebody has not read after their pusher's place, oldest first, at most so many; ``until`` is up to where
    that is everything, ``head`` the log's end.
    """

    pusher: Pusher
    told: Told
    notices: Sequence[Notice]
    until: Position
    head: Position


async def touched(ctx: ReadContext, since: Position | None) -> Touched:
    """Return whose letters may be due: of all that have any, or of those for whom something happened since."""

    def read(at: Snapshot) -> Touched:
        found = [pusher.key for pusher in pushers.of_kind(at, "email")]
        if found and since is not None:
            owners = pushers.touched_since(at, "email", since)
            found = [key for key in found if key.user_id in owners]
        return Touched(found, at.position)

    return await ctx.reader.run(read)


async def unread(ctx: ReadContext, key: PusherKey) -> Unread | None:
    """Return what somebody has not read; None where they want no letters any more, or are locked out."""

    def read(at: Snapshot) -> Unread | None:
        pusher = pushers.find(at, key)
        if pusher is None or moderation.is_locked(at, key.user_id, ctx.clock()):
            return None
        until = max(pusher.position, walking.end_of_stretch(at, pusher.position, STRETCH))
        notices, until = unread_notices(at, key.user_id, pusher.position, until, 0, MOST_TOLD)
        told = since_here(digests.told(at, key.user_id, key.pushkey), digests.last_here(at, key.user_id))
        return Unread(pusher, told, notices, until, at.position)

    return await ctx.reader.run(read)


async def ended_address(ctx: ReadContext, token: str) -> str:
    """Return where the letters go that a link ends; refuses with 404 links that nobody was sent."""
    digest = digest_of(token)
    found = await ctx.reader.run(lambda at: digests.of_ending(at, digest))
    if found is None:
        raise Refused(NO_ENDING)
    return found[1]
