"""Actions about the search index: what ``veche search`` asks for."""

import asyncio

import msgspec

from veche.app.actions.handling import Handlers
from veche.commands.context import Context
from veche.domain.refusals import Refused
from veche.domain.search import SEARCH_IS_OFF
from veche.queries.context import ReadContext


class RebuildIndex(msgspec.Struct, frozen=True, tag="rebuild index"):
    """Let the search index be made anew."""


async def rebuild_index(ctx: Context, asking: ReadContext, action: RebuildIndex) -> None:
    """Have the index made anew by the process that keeps it, at once or as soon as there is one."""
    if asking.search is None:
        raise Refused(SEARCH_IS_OFF)
    await asyncio.to_thread(asking.search.rebuild)


Action = RebuildIndex
HANDLERS: Handlers = {RebuildIndex: rebuild_index}
