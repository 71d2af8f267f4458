"""Operation: what administrators did, how backups go, what the consumers of the log have still to read."""

import msgspec

from veche.domain.accounts import may_oversee
from veche.domain.facts import Entry, ReplayedKind
from veche.domain.ids import Position
from veche.domain.operation import MOST_ACTS, Act
from veche.domain.operation.backups import Outcome
from veche.domain.refusals import refuse
from veche.domain.sessions import Asker
from veche.queries.context import ReadContext
from veche.storage import operation
from veche.storage.operation import cursors
from veche.storage.operation.standing import last_outcome
from veche.storage.reader import Snapshot


class BackupState(msgspec.Struct, frozen=True):
    """How the backup with this number goes; ``outcome`` is how it ended, ``done`` how many bytes were written."""

    number: int
    stage: str
    done: int
    outcome: Outcome | None


async def acts(ctx: ReadContext, asker: Asker, before: int, limit: int) -> list[Act]:
    """Return what was done, the newest first: acts numbered below ``before``; for administrators."""
    refuse(may_oversee(asker))
    return await ctx.reader.run(lambda at: operation.acts(at, before, min(limit, MOST_ACTS)))


async def backup_state(ctx: ReadContext, asker: Asker, seconds: float) -> BackupState:
    """Return how the last backup that was begun goes, after waiting so long for its end; for administrators."""
    refuse(may_oversee(asker))
    backups = ctx.live.condition.backups
    await backups.wait(seconds)
    outcome = None if backups.is_under_way else backups.last
    return BackupState(backups.number, backups.stage, backups.done(), outcome)


async def last_backup(ctx: ReadContext) -> Outcome | None:
    """Return how the last backup ended, this process's or an earlier one's."""
    return ctx.live.condition.backups.last or await ctx.reader.run(last_outcome)


async def cursor_of(ctx: ReadContext, worker: str) -> Position | None:
    """Return the position up to which a consumer of the log has done its work; None where it never began."""
    return await ctx.reader.run(lambda at: cursors.cursor_of(at, worker))


async def entries_after(
    ctx: ReadContext, after: Position, wants: frozenset[ReplayedKind], most: int
) -> tuple[list[Entry], Position]:
    """Return the next facts of the log of these kinds, and the position up to which there are no others."""

    def read(at: Snapshot) -> tuple[list[Entry], Position]:
        found = cursors.entries_after(at, after, wants, most)
        return found, found[-1].position if len(found) == most else at.position

    return await ctx.reader.run(read)
