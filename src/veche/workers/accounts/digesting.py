"""Whose digest is due: looks at those who want letters, as far as anything happened for them, and lets letters wait."""

from veche.commands.context import Context
from veche.commands.notifications.digests import pass_over, queue_digest
from veche.domain.notifications.digests import due_ts
from veche.domain.notifications.pushers import PusherKey
from veche.integrations.mail.composing import language_of
from veche.queries.context import ReadContext
from veche.queries.notifications.digests import touched, unread


async def look_for_digests(ctx: Context, asking: ReadContext) -> None:
    """Let the digests wait that are due now. The first time everybody's is looked at."""
    if not ctx.limits.sends_mail:
        return
    digests = ctx.live.digests
    found = await touched(asking, digests.seen)
    first_ts = ctx.clock() + (0 if digests.seen is None else ctx.limits.mail_digest_ms)
    digests.seen = found.head
    for key in found.keys:
        digests.due.setdefault(key, first_ts)
    for key in digests.take(ctx.clock()):
        await _look_at(ctx, asking, key)


async def _look_at(ctx: Context, asking: ReadContext, key: PusherKey) -> None:
    """Let one digest wait, look again when there may be one, or forget who has read everything."""
    found, digests = await unread(asking, key), ctx.live.digests
    if found is None:
        return
    if not found.notices:
        await pass_over(ctx, found.pusher, found.until)
        if found.until < found.head:
            digests.due[key] = ctx.clock()
        return
    ts = due_ts(found.told, found.notices[0].event.ts, ctx.limits.mail_digest_ms)
    if ts > ctx.clock():
        digests.due[key] = ts
        return
    await queue_digest(ctx, found.pusher, language_of(found.pusher.lang, ctx.limits.mail_language))
