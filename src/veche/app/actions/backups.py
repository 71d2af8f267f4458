"""Actions about backups: what ``veche backup`` asks for."""

from typing import Any

import msgspec

from veche.app.actions.handling import Handlers
from veche.commands.context import Context
from veche.commands.operation.backing_up import begin_backup
from veche.domain.operation.backups import Wish
from veche.domain.sessions import OPERATOR
from veche.queries import operation as queries
from veche.queries.context import ReadContext

LONGEST_WAIT = 30.0


class BeginBackup(msgspec.Struct, frozen=True, tag="begin backup"):
    """Begin to make a backup in a folder, named by its whole path; answers its number."""

    folder: str
    passphrase: str | None = None


class AwaitBackup(msgspec.Struct, frozen=True, tag="await backup"):
    """Wait so many seconds for the backup's end; answers how it goes."""

    seconds: float = 1.0


async def begin(ctx: Context, asking: ReadContext, action: BeginBackup) -> int:
    """Begin a backup; returns its number."""
    return await begin_backup(ctx, OPERATOR, Wish(action.folder, action.passphrase))


async def wait(ctx: Context, asking: ReadContext, action: AwaitBackup) -> Any:
    """Return how the last backup goes."""
    return await queries.backup_state(asking, OPERATOR, min(action.seconds, LONGEST_WAIT))


Action = BeginBackup | AwaitBackup
HANDLERS: Handlers = {BeginBackup: begin, AwaitBackup: wait}
