"""Letters: sends those whose time has come, and tries those again that could not be sent.

Nobody waits for this. While the mail server cannot be worked with, all letters wait, longer each time.
"""

import asyncio
import logging

from veche.commands.accounts import end_letter, letters_due, put_letter_off, write_letter
from veche.commands.context import Context
from veche.commands.notifications.digests import make_ending, note_digest
from veche.domain.accounts.letters import WaitingLetter, is_given_up, wait_ms
from veche.domain.notifications.digests import APP_ID, Told, whose
from veche.domain.notifications.pushers import PusherKey, Telling
from veche.domain.refusals import Refused
from veche.integrations.mail.records import GivenUp, Letter, PutOff, Unreachable
from veche.queries.context import ReadContext
from veche.queries.notifications.digests import unread
from veche.workers.accounts.telling import digest_letter

_GOODBYE_SECONDS = 2
_log = logging.getLogger("veche.mail")


async def send_letters(ctx: Context, asking: ReadContext) -> None:
    """Send letters as long as some are due; returns at once where mail is off or none is."""
    letters = ctx.live.letters
    if not ctx.limits.sends_mail or letters.are_sent:
        return
    try:
        while letters.is_due(ctx.clock()):
            letters.are_sent = True
            await _send_some(ctx, asking)
    except Refused as refused:  # the storage cannot be written: what was sent is not forgotten, but remembered here
        _pause(ctx, refused.refusal.text)
    finally:
        letters.are_sent = False


async def _send_some(ctx: Context, asking: ReadContext) -> None:
    due = await letters_due(ctx)
    fault = next(filter(None, await _all(ctx, asking, due)), None)
    if fault is not None:
        _pause(ctx, fault)
    elif due:
        _go_on(ctx)


async def _all(ctx: Context, asking: ReadContext, due: list[WaitingLetter]) -> list[str | None]:
    """Send these letters side by side. A server that stops waits a little, so that none it has sent is sent again."""
    tasks = [asyncio.create_task(_send(ctx, asking, letter)) for letter in due]
    try:
        await asyncio.gather(*map(asyncio.shield, tasks), return_exceptions=True)
    except asyncio.CancelledError:
        await asyncio.wait(tasks, timeout=_GOODBYE_SECONDS)
        raise
    finally:
        for task in tasks:
            task.cancel()
    return [task.result() for task in tasks]


async def _send(ctx: Context, asking: ReadContext, waiting: WaitingLetter) -> str | None:
    """Send one letter, or put it off; returns why, where it concerns all letters."""
    letters = ctx.live.letters
    try:
        if waiting.key not in letters.done:
            if is_given_up(waiting, ctx.clock()):
                raise GivenUp("nothing took it in time")
            await (_tell if waiting.kind == "digest" else _write)(ctx, asking, waiting)
    except Unreachable as fault:
        return f"the mail server: {fault}"
    except PutOff as fault:
        _log.info("a letter (%s) waits, try %d: %s", waiting.kind, waiting.tries + 1, fault)
        letters.put_off += 1
        await put_letter_off(ctx, waiting)
        return None
    except Refused as refused:  # passwords are being checked, or the disk is full: neither is the letter's fault
        _log.info("a letter (%s) waits: %s", waiting.kind, refused.refusal.text)
        await put_letter_off(ctx, waiting)
        return None
    except GivenUp as fault:
        _log.warning("a letter (%s) is given up: %s", waiting.kind, fault)
        letters.given_up += 1
    except Exception:
        _log.exception("a letter (%s) waits", waiting.kind)
        await put_letter_off(ctx, waiting)
        return None
    await _end(ctx, waiting)
    return None


async def _end(ctx: Context, waiting: WaitingLetter) -> None:
    """Note what was sent, and forget the letter; where the disk is full, all of that is for the next try."""
    telling = ctx.live.letters.done.get(waiting.key)
    if telling is not None:
        await note_digest(ctx, telling)
    await end_letter(ctx, waiting)


async def _write(ctx: Context, asking: ReadContext, waiting: WaitingLetter) -> None:
    letter = await write_letter(ctx, waiting)
    if letter is not None:
        await _give(ctx, waiting, letter)


async def _tell(ctx: Context, asking: ReadContext, waiting: WaitingLetter) -> None:
    """Send a digest of what is still unread now; where nothing is, none is needed."""
    key = PusherKey(whose(waiting.subject)[0], APP_ID, whose(waiting.subject)[1])
    found = await unread(asking, key)
    if found is None or not found.notices:
        return
    ending = f"{ctx.limits.public_address}/unsubscribe/{await make_ending(ctx, key)}"
    letter = digest_letter(waiting, found, ctx.limits.server_name, ending, ctx.clock())
    told = Told(ctx.clock(), found.told.in_a_row + 1)
    await _give(ctx, waiting, letter, Telling(found.pusher, told, found.head))


async def _give(ctx: Context, waiting: WaitingLetter, letter: Letter, telling: Telling | None = None) -> None:
    await ctx.outside.mail.send(letter)
    ctx.live.letters.sent += 1
    ctx.live.letters.done[waiting.key] = telling


def _pause(ctx: Context, fault: str) -> None:
    """Let all letters wait. The log says so the first time, and again only when it is over."""
    letters = ctx.live.letters
    if not letters.failures:
        _log.warning("no letter can be sent now, all wait: %s", fault)
    letters.paused_until = ctx.clock() + wait_ms(letters.failures, ctx.random(2))
    letters.expect(letters.paused_until)
    letters.failures += 1
    letters.put_off += 1


def _go_on(ctx: Context) -> None:
    if ctx.live.letters.failures:
        _log.warning("letters can be sent again")
    ctx.live.letters.failures = 0
