"""The power goes at any moment: every acknowledged message is on the disk, once, and the server starts again."""

import asyncio
import random
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest

from tests.cast import ANNA, BORIS, CARLA
from tests.effort import effort
from tests.faults import bugs
from tests.faults.ledger import Ledger, Lost, notes_at
from tests.faults.vfs import Disk
from tests.stage.databases import Place
from tests.stage.world import Person, World
from veche.storage.engines.sqlite import SqliteEngine

MOST_STEPS = 250
"""Writes and syncs between the start of a life and its end, at most."""


class Lives:
    """A server whose power is cut again and again; each life begins with what the last one's disk held."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.ledger = Ledger()
        self.data = folder / "life-0"
        self._folder = folder
        self._chance = random.Random(seed)
        self._people: list[Person] = []
        self._room = ""

    async def begin(self) -> None:
        """Let people come together, before anything goes wrong."""
        self.data.mkdir()
        world = World(Place(self.data, ""))
        await world.start()
        self._people = await world.people(ANNA, BORIS, CARLA)
        room = (await self._people[0].post("/createRoom", {"preset": "public_chat"})).ok()["room_id"]
        for person in self._people[1:]:
            (await person.post(f"/join/{quote(room)}")).ok()
        self._room = quote(room)
        await world.stop()

    async def live_and_die(self, number: int) -> None:
        """Send until the power goes; then check what is left, and move there."""
        disk = Disk()
        world = World(Place(self.data, ""), lambda values, data: SqliteEngine(data / "veche.sqlite3", vfs=disk.name))
        await world.start()
        disk.cut_after = self._chance.randint(1, MOST_STEPS)
        people = [msgspec.structs.replace(person, world=world) for person in self._people]
        keeping = asyncio.ensure_future(_keep_house(world, disk))
        await asyncio.gather(*(self._send(person, disk) for person in people))
        disk.cut()
        await keeping
        await world.stop()
        disk.unregister()
        left = self._folder / f"life-{number + 1}"
        left.mkdir()
        disk.lay_out(left, self._chance)
        shutil.rmtree(self.data)
        self.data = left
        self.ledger.compare(notes_at(left))

    async def look_back(self) -> None:
        """A client that reads the whole room sees every acknowledged message, once."""
        world = World(Place(self.data, ""))
        await world.start()
        reader = msgspec.structs.replace(self._people[0], world=world)
        found, token = list[tuple[str, str]](), None
        while True:
            page = (await reader.get(f"/rooms/{self._room}/messages", dir="b", limit=100, **{"from": token})).ok()
            notes = [event for event in page["chunk"] if event["type"] == "m.room.message"]
            found += [(event["content"]["body"], event["event_id"]) for event in notes]
            token = page.get("end")
            if token is None:
                break
        await world.stop()
        self.ledger.compare(found)

    async def _send(self, person: Person, disk: Disk) -> None:
        while disk.has_power:
            note = self.ledger.next_note(person.user)
            path = f"/rooms/{self._room}/send/m.room.message/{quote(note.txn)}"
            answer = await person.put(path, {"msgtype": "m.text", "body": note.txn})
            if answer.status != 200:
                return
            self.ledger.acknowledge(note, answer.json["event_id"])


async def _keep_house(world: World, disk: Disk) -> None:
    """Checkpoint without a pause, so that the power also goes in the middle of one."""
    while disk.has_power:
        await world.running.writer.upkeep()
        await asyncio.sleep(0.002)


async def cut_again_and_again(folder: Path, cuts: int, seed: int = 1) -> Ledger:
    """Live through ``cuts`` power cuts; raise ``Lost`` where an acknowledged message is not there."""
    lives = Lives(folder, seed)
    await lives.begin()
    for number in range(cuts):
        await lives.live_and_die(number)
    await lives.look_back()
    return lives.ledger


async def test_what_was_acknowledged_survives_every_power_cut(tmp_path: Path) -> None:
    ledger = await cut_again_and_again(tmp_path, effort("power_cuts"))
    assert len(ledger.acknowledged) > effort("power_cuts"), "hardly anything was sent"


@pytest.mark.parametrize(
    "bug",
    [bugs.acknowledging_before_the_commit, lambda: bugs.not_syncing(0), lambda: bugs.not_syncing(1)],
    ids=["acknowledging before the commit", "synchronous=OFF", "synchronous=NORMAL"],
)
async def test_a_planted_bug_is_found(tmp_path: Path, bug: Callable[[], AbstractContextManager[None]]) -> None:
    with bug(), pytest.raises(Lost):
        await cut_again_and_again(tmp_path, effort("power_cuts"))
