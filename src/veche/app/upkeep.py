"""What the server does by itself now and then: a list of jobs, each a short call that comes back.

A job that fails is written to the log and tried again at its next turn; it never ends the server.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec

from veche.app.memory import Returning
from veche.commands.accounts import forget_old_proofs
from veche.commands.context import Context
from veche.commands.encryption import trim_inboxes
from veche.commands.media import delete_removed, expire_announced, sweep_store
from veche.commands.notifications.digests import forget_old_endings
from veche.commands.presence import note_active, tell_changes
from veche.commands.sessions import forget_ended_tokens, forget_old_sign_ins, note_uses
from veche.domain.refusals import Refused
from veche.live.state import Live
from veche.queries.context import ReadContext
from veche.workers.accounts import look_for_digests, send_letters
from veche.workers.operation import keep_backups

_log = logging.getLogger("veche.upkeep")


class Job(msgspec.Struct, frozen=True):
    """Something done again and again, ``seconds`` after it was done the last time."""

    name: str
    seconds: float
    run: Callable[[], Awaitable[object]]


def jobs(ctx: Context, asking: ReadContext) -> tuple[Job, ...]:
    """Return the jobs of a server."""
    return (
        Job("housekeeping of the database", 1.0, ctx.writer.upkeep),
        Job("ending of typing notices", 0.5, lambda: _end_typing(ctx.live)),
        Job("noting of uses of devices", 5.0, lambda: note_uses(ctx)),
        Job("renewing of the certificate", 60.0, ctx.outside.certificates.look),
        Job("forgetting of old sign-ins", 3600.0, lambda: forget_old_sign_ins(ctx)),
        Job("forgetting of ended tokens", 600.0, lambda: forget_ended_tokens(ctx)),
        Job("sending of letters", 0.25, lambda: send_letters(ctx, asking)),
        Job("looking for digests", 15.0, lambda: look_for_digests(ctx, asking)),
        Job("forgetting of old links in letters", 6 * 3600.0, lambda: forget_old_endings(ctx)),
        Job("forgetting of old proofs", 600.0, lambda: forget_old_proofs(ctx)),
        Job("dropping of what no device fetches", 3600.0, lambda: trim_inboxes(ctx)),
        Job("telling of presence", 1.0, lambda: tell_changes(ctx)),
        Job("noting of who was active", 30.0, lambda: note_active(ctx)),
        Job("giving up of announced files", 60.0, lambda: expire_announced(ctx)),
        Job("deleting of removed files", 10.0, lambda: delete_removed(ctx)),
        Job("nightly backup", 60.0, lambda: keep_backups(ctx)),
        Job("giving back of memory", 30.0, Returning().look),
        Job("sweeping of the store of files", 6 * 3600.0, lambda: sweep_store(ctx)),
    )


async def keep_doing(job: Job) -> None:
    """Do a job until cancelled."""
    while True:
        await asyncio.sleep(job.seconds)
        try:
            await job.run()
        except Refused as refused:  # a full disk, say: what was to be done now waits for the next turn
            _log.warning("%s: %s", job.name, refused.refusal.text)
        except Exception:
            _log.exception("%s failed", job.name)


async def _end_typing(live: Live) -> None:
    """End typing notices that nobody renewed."""
    for room in live.typing.expire():
        live.notifier.tell_room(room)
