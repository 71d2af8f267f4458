"""kill -9 under load: what was acknowledged is there, once, for readers too, and the server is soon back."""

import random
import signal

import aiohttp
import pytest

from benchmarks.accounting import cpu_seconds
from tests.cast import ANNA, BORIS, CARLA, DMITRI
from tests.effort import effort
from tests.faults.ledger import Lost, stored_notes
from tests.faults.load import Load
from tests.stage.databases import Place
from tests.stage.server import Server

READY_SECONDS = 3.0
"""How much work may lie before the first answer, in CPU seconds: how long that takes is the machine's affair."""
MOST_MESSAGES = 500
"""Between two kills, at several hundred a second."""

only_sqlite = pytest.mark.parametrize("engine_name", ["sqlite"])


async def kill_again_and_again(server: Server, kills: int) -> Load:
    """Kill a server under load, each time at another moment; raise ``Lost`` where one is missing."""
    chance = random.Random(kills)
    server.is_measured = False
    async with aiohttp.ClientSession() as session:
        load = Load(server, session)
        await load.begin((ANNA, BORIS, CARLA, DMITRI))
        for _ in range(kills):
            await load.send_until(chance.randint(50, MOST_MESSAGES))
            server.start()
            assert cpu_seconds(server.pid) < READY_SECONDS
            await load.read_on()
    server.stop()
    engine = server.place.engine()
    load.ledger.compare(stored_notes(engine))
    engine.close()
    return load


async def test_what_was_acknowledged_survives_every_kill(server: Server) -> None:
    kills = effort("kills") if not server.place.database else effort("kills") // 3
    await kill_again_and_again(server, kills)


@only_sqlite
async def test_a_planted_bug_is_found(place: Place) -> None:
    server = Server(place, ("-m", "tests.faults.planted", "acknowledging_before_the_commit"))
    server.start()
    try:
        with pytest.raises(Lost):
            await kill_again_and_again(server, effort("kills"))
    finally:
        server.stop()


@only_sqlite
async def test_a_disk_that_fails_to_sync_ends_the_process(place: Place) -> None:
    server = Server(place, ("-m", "tests.faults.planted", "failing_disk"))
    server.start()
    async with aiohttp.ClientSession() as session:
        load = Load(server, session)
        await load.begin((ANNA, BORIS))
        server.poke(signal.SIGUSR1)
        with pytest.raises(aiohttp.ClientError):
            await load.send_one()
        assert server.wait() == 70
        assert "not be on disk" in server.last_words()
        server.program = ("-m", "veche")
        server.start()
        await load.send_one()
        await load.read_on()
    server.stop()
