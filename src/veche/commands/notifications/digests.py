"""Digests: letting one wait to be sent, noting that it was, and ending them."""

from veche.commands.context import Context
from veche.domain.accounts.letters import WaitingLetter
from veche.domain.ids import Position
from veche.domain.notifications.digests import DIGEST_MS, ENDING_MS, subject_of
from veche.domain.notifications.pushers import Pusher, PusherKey, Telling
from veche.domain.sessions import digest_of, token_from
from veche.domain.settings import Language
from veche.live.accounts import Secrets
from veche.storage.accounts import letters
from veche.storage.notifications import digests, pushers
from veche.storage.notifications.pushers import Place
from veche.storage.writer import Transaction

_TOKEN_BYTES = 20


async def queue_digest(ctx: Context, pusher: Pusher, language: Language) -> None:
    """Let a digest be sent now, unless one waits already; what stands in it is read when it is sent."""
    key, now = pusher.key, ctx.clock()
    subject = subject_of(key.user_id, key.pushkey)
    letter = WaitingLetter("digest", subject, key.pushkey, language, now, now, now + DIGEST_MS)

    def work(tx: Transaction) -> None:
        if letters.waits(tx, "digest", subject):
            return
        letters.put(tx, letter)
        tx.after(lambda: ctx.live.letters.expect(now))

    await ctx.writer.run(work)


async def make_ending(ctx: Context, key: PusherKey) -> str:
    """Make the token of a link with which somebody ends these letters: the same for each try to send one."""
    kept, subject = ctx.live.letters.kept, subject_of(key.user_id, key.pushkey)
    if subject in kept:
        return kept[subject].link
    token = token_from(ctx.random(_TOKEN_BYTES))
    await ctx.writer.run(lambda tx: digests.add_ending(tx, digest_of(token), key.user_id, key.pushkey, ctx.clock()))
    kept[subject] = Secrets(token, "")
    return token


async def note_digest(ctx: Context, telling: Telling) -> None:
    """Note that a digest was sent: what was before ``until`` is not told again. Once more does no harm."""
    pusher = telling.pusher

    def work(tx: Transaction) -> None:
        digests.put_told(tx, pusher.key.user_id, pusher.key.pushkey, telling.told)
        pushers.keep_place(tx, Place(pusher.key, telling.until, pusher.badge))

    await ctx.writer.run(work)


async def pass_over(ctx: Context, pusher: Pusher, until: Position) -> None:
    """Note that there is nothing to tell before ``until``."""
    await ctx.writer.run(lambda tx: pushers.keep_place(tx, Place(pusher.key, until, pusher.badge)))


async def end_digests(ctx: Context, token: str) -> None:
    """End the letters that a link is about; once more does no harm."""
    digest = digest_of(token)

    def work(tx: Transaction) -> None:
        found = digests.of_ending(tx, digest)
        if found is not None:
            digests.end(tx, *found)

    await ctx.writer.run(work)


async def forget_old_endings(ctx: Context) -> None:
    """Forget the links of letters that are half a year old."""
    await ctx.writer.run(lambda tx: digests.delete_endings_before(tx, ctx.clock() - ENDING_MS))
