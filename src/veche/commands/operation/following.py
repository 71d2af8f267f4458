"""How far the consumers of the log have come is noted here."""

from veche.commands.context import Context
from veche.domain.ids import Position
from veche.storage.operation.cursors import put_cursor


async def save_cursor(ctx: Context, worker: str, position: Position) -> None:
    """Note that ``worker`` has done its work up to ``position``."""
    await ctx.writer.run(lambda tx: put_cursor(tx, worker, position))
