"""The nightly backup: begun when it is due, into the folder that the settings name."""

from datetime import datetime

from veche.commands.context import Context
from veche.commands.operation.backing_up import begin_due_backup
from veche.domain.sessions import OPERATOR


async def keep_backups(ctx: Context) -> None:
    """Begin a backup if one is due by the clock on the wall; asked every minute."""
    if ctx.limits.backup_folder:
        await begin_due_backup(ctx, OPERATOR, datetime.fromtimestamp(ctx.clock() / 1000).astimezone())
