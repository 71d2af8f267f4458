"""Whose digest is due: looks at those who want letters, as far as anything happened for them, and lets letters wait."""

from veche.commands.context import Context
from veche.commands.notifications.digests import pass_over, queue_digest
from veche.domain.notifications.digests import due_ts
from veche.domain.notifications.pushers import PusherKey
from veche.domain.refusals import Refused
from veche.domain.settings import language_of
from veche.queries.context import ReadContext
from veche.queries.notifications.digests import touched, unread

_FAILED_MS = 60_000
"""When to look again at somebody at whom we could not look."""


async def look_for_digests(ctx: Context, asking: ReadContext) -> None:
    """Let the digests wait that are due now. The first time everybody's is looked at.

    Raises ``Refused`` once all were looked at, where that was not possible with some: they stay due.
    """
    if not ctx.limits.sends_mail:
        return
    digests = ctx.live.digests
    found = await touched(asking, digests.seen)
    first_ts = ctx.clock() + (0 if digests.seen is None else ctx.limits.mail_digest_ms)
    digests.seen = found.head
    for key in found.keys:
        digests.due.setdefault(key, first_ts)
    failure = None
    for key in digests.due_now(ctx.clock()):
        digests.look_again(key, ctx.clock() + _FAILED_MS)
        try:
            digests.look_again(key, await _look_at(ctx, asking, key))
        except Refused as refused:  # a full disk, say: that keeps nobody else from their letter
            failure = refused
    if failure is not None:
        raise failure


async def _look_at(ctx: Context, asking: ReadContext, key: PusherKey) -> int | None:
    """Let one digest wait; return when to look again, or None where only something new can bring one."""
    found = await unread(asking, key)
    if found is None:
        return None
    if not found.notices:
        await pass_over(ctx, found.pusher, found.until)
        return ctx.clock() if found.until < found.head else None
    ts = due_ts(found.told, found.notices[0].event.ts, ctx.limits.mail_digest_ms)
    if ts > ctx.clock():
        return ts
    await queue_digest(ctx, found.pusher, language_of(found.pusher.lang) or ctx.limits.mail_language)
    return None
