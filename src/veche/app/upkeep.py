"""What the server does by itself now and then: a list of jobs, each a short call that comes back.

A job that fails is written to the log and tried again at its next turn; it never ends the server.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec

from veche.app.memory import Returning
from veche.commands.context import Context
from veche.commands.media import delete_removed, expire_announced, sweep_store
from veche.commands.presence import note_active, tell_changes
from veche.commands.sessions import forget_old_sign_ins, note_uses
from veche.domain.refusals import Refused
from veche.live.state import Live
from veche.workers.operation import keep_backups

_log = logging.getLogger("veche.upkeep")


class Job(msgspec.Struct, frozen=True):
    """Something done again and again, ``seconds`` after it was done the last time."""

    name: str
    seconds: float
    run: Callable[[], Awaitable[object]]


def jobs(ctx: Context) -> tuple[Job, ...]:
    """Return the jobs of a server."""
    return (
        Job("housekeeping of the database", 1.0, ctx.writer.upkeep),
        Job("ending of typing notices", 0.5, lambda: _end_typing(ctx.live)),
        Job("noting of uses of devices", 5.0, lambda: note_uses(ctx)),
        Job("renewing of the certificate", 60.0, ctx.outside.certificates.look),
        Job("forgetting of old sign-ins", 3600.0, lambda: forget_old_sign_ins(ctx)),
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
