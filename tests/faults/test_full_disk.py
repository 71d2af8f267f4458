"""A full disk: reading goes on, writing is refused with 507; once there is room all is well, without a restart."""

import asyncio
import resource
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from unittest.mock import patch
from urllib.parse import quote

import aiohttp
import pytest

from tests.cast import ANNA, BORIS
from tests.faults import bugs
from tests.faults.ledger import Lost
from tests.faults.load import Load
from tests.faults.vfs import Disk
from tests.stage.databases import Place
from tests.stage.server import Server
from tests.stage.world import Person, World
from veche.storage.engines import sqlite
from veche.storage.engines.sqlite import SqliteEngine
from veche.storage.writer import Transaction

MOST_TRIES = 3_000
LARGE = 40_000
GROUP = 20


@pytest.fixture
def disk() -> Iterator[Disk]:
    """A disk with room, as yet."""
    made = Disk()
    yield made
    made.unregister()


class Room:
    """Anna writes to Boris, who waits for news."""

    def __init__(self, world: World, anna: Person, boris: Person, name: str) -> None:
        self.world = world
        self.anna = anna
        self.boris = boris
        self.name = quote(name)
        self.since = ""

    async def send(self, txn: str, size: int = 10) -> tuple[int, str | None]:
        """Send one message; return the status and the event id."""
        path = f"/rooms/{self.name}/send/m.room.message/{txn}"
        answer = await self.anna.put(path, {"msgtype": "m.text", "body": txn, "padding": "x" * size})
        return answer.status, answer.json.get("event_id")

    async def news(self) -> list[str]:
        """Return the bodies that Boris had not seen."""
        answer = (await self.boris.get("/sync", since=self.since, timeout=0)).ok()
        self.since = answer["next_batch"]
        joined = answer.get("rooms", {}).get("join", {}).values()
        return [event["content"]["body"] for room in joined for event in room["timeline"]["events"]]

    async def written(self) -> set[str]:
        """Return the bodies of the newest hundred messages."""
        page = (await self.anna.get(f"/rooms/{self.name}/messages", dir="b", limit=100)).ok()
        return {event["content"].get("body", "") for event in page["chunk"]}


@asynccontextmanager
async def room_on(disk: Disk, folder: Path) -> AsyncIterator[Room]:
    """A room on a server whose database lies on ``disk``."""
    (folder / "data").mkdir()
    world = World(Place(folder / "data", ""), lambda values, data: SqliteEngine(data / "veche.sqlite3", vfs=disk.name))
    await world.start()
    try:
        anna, boris = await world.people(ANNA, BORIS)
        made = (await anna.post("/createRoom", {"invite": [boris.user]})).ok()["room_id"]
        (await boris.post(f"/join/{quote(made)}")).ok()
        room = Room(world, anna, boris, made)
        room.since = (await boris.get("/sync")).ok()["next_batch"]
        yield room
    finally:
        disk.room = None
        await world.stop()


async def fill(disk: Disk, room: Room) -> str:
    """Leave no room on the disk and write until that shows; return the transaction id that was refused."""
    disk.leave(0)
    for number in range(MOST_TRIES):
        txn = f"filling-{number}"
        status, _ = await room.send(txn)
        if status != 200:
            assert status == 507
            if txn in await room.news():
                raise Lost("a reader was told of a message that is not stored")
            return txn
    raise AssertionError("the disk never was full")


async def bear_a_full_disk(disk: Disk, folder: Path) -> None:
    """Fill the disk under a room; raise ``Lost`` where somebody is told what is not stored."""
    async with room_on(disk, folder) as room:
        refused = await fill(disk, room)
        poll = room.boris.begin("GET", "/sync", since=room.since, timeout=60_000)
        assert [await room.send(refused), await room.send("another")] == [(507, None)] * 2
        await room.world.running.writer.upkeep()  # a checkpoint needs room as well; it waits
        assert not {refused, "another"} & await room.written()
        assert poll.is_waiting
        disk.room = None
        status, event = await room.send(refused)
        assert status == 200
        told = (await poll.answer()).ok()["rooms"]["join"].popitem()[1]["timeline"]["events"]
        assert [event["content"]["body"] for event in told] == [refused]
        assert await room.send(refused) == (200, event), "the transaction id stands for the same event"
        await room.world.restart()
        assert await room.news() == [refused]


async def bear_a_full_disk_inside_a_group(disk: Disk, folder: Path) -> None:
    """Let one command of a group meet the full disk; raise ``Lost`` where another is told that all is well."""
    names = [f"large-{number}" for number in range(GROUP)]
    with patch.dict(sqlite._PRAGMAS, {"cache_size": 1}):  # noqa: SLF001 (SQLite then writes in the middle of a group)
        async with room_on(disk, folder) as room:
            disk.leave(GROUP * LARGE // 2)
            async with _one_group(room.world):
                sending = [asyncio.ensure_future(room.send(name, LARGE)) for name in names]
                await asyncio.to_thread(_wait_for_group, room.world)
            answers = await asyncio.gather(*sending)
            written = await room.written()
            for name, (status, _) in zip(names, answers, strict=True):
                if (status == 200) != (name in written):
                    raise Lost(f"{name} was answered {status}, and is {'' if name in written else 'not '}stored")
            assert [status for status, _ in answers] == [507] * GROUP
            disk.room = None
            assert [(await room.send(name, LARGE))[0] for name in names] == [200] * GROUP


def _wait_for_group(world: World) -> None:
    while world.running.writer.waiting < GROUP:
        time.sleep(0.001)


@asynccontextmanager
async def _one_group(world: World) -> AsyncIterator[None]:
    is_busy, may_go_on = threading.Event(), threading.Event()

    def hold(tx: Transaction) -> None:
        is_busy.set()
        may_go_on.wait()

    holding = asyncio.ensure_future(world.running.writer.run(hold))
    await asyncio.to_thread(is_busy.wait)
    try:
        yield
    finally:
        may_go_on.set()
        await holding


async def test_reading_goes_on_and_nothing_is_told_that_is_not_stored(disk: Disk, tmp_path: Path) -> None:
    await bear_a_full_disk(disk, tmp_path)


async def test_a_full_disk_inside_a_group_is_told_to_the_whole_group(disk: Disk, tmp_path: Path) -> None:
    await bear_a_full_disk_inside_a_group(disk, tmp_path)


@pytest.mark.parametrize(
    ("bug", "scene"),
    [
        (bugs.changing_caches_before_the_commit, bear_a_full_disk),
        (bugs.answering_the_rest_of_a_full_group, bear_a_full_disk_inside_a_group),
    ],
    ids=["cache changed before the commit", "a group answered although one member met a full disk"],
)
async def test_a_planted_bug_is_found(
    disk: Disk,
    tmp_path: Path,
    bug: Callable[[], AbstractContextManager[None]],
    scene: Callable[[Disk, Path], Awaitable[None]],
) -> None:
    with bug(), pytest.raises(Lost):
        await scene(disk, tmp_path)


async def test_a_failed_fsync_is_acknowledged_to_nobody(disk: Disk, tmp_path: Path) -> None:
    async with room_on(disk, tmp_path) as room:
        disk.fails_to_sync = True
        assert (await room.send("unsure"))[0] == 503
        assert room.world.has_broken, "the process would have ended here, before the answer"
        disk.fails_to_sync = False


@pytest.mark.parametrize("engine_name", ["sqlite"])
async def test_the_real_server_recovers_without_a_restart(server: Server) -> None:
    """A limit on the size of its files is a full disk to the process."""
    async with aiohttp.ClientSession() as session:
        load = Load(server, session)
        await load.begin((ANNA, BORIS))
        await load.send_one()
        before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        with pytest.raises(Lost, match="answered 507"):
            await load.send_one()
        await load.read_on()
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, before)
        await load.send_one()
        await load.read_on()
