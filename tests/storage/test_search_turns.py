"""Who searches waits for a turn: few search at once."""

import asyncio
import contextlib

import pytest

from tests.stage.databases import Place
from veche.domain.refusals import Refused
from veche.storage.engines import Engine
from veche.storage.search import SearchIndex, open_store
from veche.storage.search.reading import LONGEST_QUEUE, SEARCHES_AT_ONCE


async def test_few_search_at_once_and_not_too_many_wait(place: Place, engine: Engine) -> None:
    index = SearchIndex(open_store(engine, place.data, place.database))
    async with contextlib.AsyncExitStack() as turns:
        for _ in range(SEARCHES_AT_ONCE):
            await turns.enter_async_context(index.turn())
        waiting = [asyncio.create_task(_search(index)) for _ in range(LONGEST_QUEUE - SEARCHES_AT_ONCE)]
        await asyncio.sleep(0)
        assert not any(one.done() for one in waiting)
        with pytest.raises(Refused, match="Too many"):
            await _search(index)
    await asyncio.gather(*waiting)
    await _search(index)
    index.close()


async def _search(index: SearchIndex) -> None:
    async with index.turn():
        await asyncio.sleep(0)
