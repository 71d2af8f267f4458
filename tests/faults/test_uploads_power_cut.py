"""The power goes during uploads: database and store lose what was not synced; no row lacks its contents afterwards."""

import asyncio
import hashlib
import random
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec
import pytest

from tests.cast import ANNA, BORIS
from tests.effort import effort
from tests.faults import bugs
from tests.faults.folder import Journal, Remains
from tests.faults.ledger import Lost
from tests.faults.test_blobs_power_cut import not_syncing_contents, not_syncing_names
from tests.faults.vfs import Disk
from tests.stage.databases import Place
from tests.stage.media import fetch, send_file, stored
from tests.stage.shelves import content_of, whole
from tests.stage.world import Person, World
from veche.commands import media as commands
from veche.domain.ids import Digest
from veche.storage.blobs import BlobFault
from veche.storage.engines.sqlite import SqliteEngine
from veche.storage.reader import Snapshot

MOST_STEPS = 80
"""Writes and syncs of the database between the start of a life and its end, at most."""
LANES = 4
CONTENTS = 40
"""Fewer than uploads, so that many find their content there."""


class Lives:
    """A server whose power is cut again and again; each life begins with what the last one's disk held."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.acknowledged: dict[str, Digest] = {}
        self.data = folder / "life-0"
        self._folder = folder
        self._chance = random.Random(seed)
        self._people: list[Person] = []

    async def begin(self) -> None:
        """Let people come, before anything goes wrong."""
        self.data.mkdir()
        world = World(Place(self.data, ""))
        await world.start()
        self._people = await world.people(ANNA, BORIS)
        await world.stop()

    async def live_and_die(self, number: int) -> None:
        """Upload until the power goes; then check what is left, and move there."""
        disk = Disk()
        journal = Journal(self.data, lambda: disk.has_power)
        journal.begin_with(self.data / "media")
        with journal.planted():
            world = World(
                Place(self.data, ""), lambda values, data: SqliteEngine(data / "veche.sqlite3", vfs=disk.name)
            )
            await world.start()
            disk.cut_after = self._chance.randint(1, MOST_STEPS)
            people = [msgspec.structs.replace(person, world=world) for person in self._people]
            await asyncio.gather(*(self._upload(people[lane % 2], disk) for lane in range(LANES)))
            disk.cut()
            await world.stop()
        disk.unregister()
        left = self._folder / f"life-{number + 1}"
        left.mkdir()
        disk.lay_out(left, self._chance)
        Remains(journal.steps, self._chance).lay_out(left)
        shutil.rmtree(self.data)
        self.data = left
        await self._look_around()

    async def _upload(self, person: Person, disk: Disk) -> None:
        while disk.has_power:
            seed = self._chance.randrange(CONTENTS)
            body = content_of(500 * seed, seed)
            answer = await send_file(person, body)
            if answer.status != 200:
                return
            self.acknowledged[answer.json["content_uri"]] = Digest(hashlib.sha256(body).hexdigest())

    async def _look_around(self) -> None:
        """Hold rows, contents and what was acknowledged against each other; sweep, and do so again."""
        world = World(Place(self.data, ""))
        await world.start()
        try:
            rows = await world.queries.reader.run(_rows)
            await _expect_contents(world, rows)
            await self._expect_acknowledged(world)
            world.clock.advance(seconds=7200)
            await commands.sweep_store(world.commands)
            if set(await stored(world)) != rows:
                raise Lost("after the sweep the store does not hold what the rows speak of")
            if [path for path in (self.data / "media" / "incoming").rglob("*") if path.is_file()]:
                raise Lost("half an upload was left")
        finally:
            await world.stop()

    async def _expect_acknowledged(self, world: World) -> None:
        anna = msgspec.structs.replace(self._people[0], world=world)
        boris = msgspec.structs.replace(self._people[1], world=world)
        newest = list(self.acknowledged.items())[-MOST_STEPS:]
        older = self._chance.sample(sorted(self.acknowledged.items()), k=min(20, len(self.acknowledged)))
        for uri, digest in newest + older:
            bodies = [(await fetch(person, uri)).bytes for person in (anna, boris)]
            if digest not in [hashlib.sha256(body).hexdigest() for body in bodies]:
                raise Lost(f"{uri} was acknowledged and cannot be fetched")


async def _expect_contents(world: World, rows: set[Digest]) -> None:
    for digest in rows:
        try:
            await whole(world.commands.blobs.read(digest))
        except BlobFault as fault:
            raise Lost("a row without its contents") from fault


def _rows(at: Snapshot) -> set[Digest]:
    return {row[0] for row in at.all("SELECT digest FROM media WHERE digest IS NOT NULL")}


async def cut_again_and_again(folder: Path, cuts: int, seed: int = 1) -> Lives:
    """Live through ``cuts`` power cuts; raise ``Lost`` where a promise is broken."""
    lives = Lives(folder, seed)
    await lives.begin()
    for number in range(cuts):
        await lives.live_and_die(number)
    return lives


async def test_uploads_survive_every_power_cut(tmp_path: Path) -> None:
    cuts = effort("server_power_cuts_in_uploads")
    lives = await cut_again_and_again(tmp_path, cuts)
    assert len(lives.acknowledged) > cuts, "hardly anything was uploaded"


@pytest.mark.parametrize("bug", [bugs.storing_after_the_row, not_syncing_contents, not_syncing_names])
async def test_a_planted_bug_is_found(tmp_path: Path, bug: Callable[[], AbstractContextManager[None]]) -> None:
    with bug(), pytest.raises(Lost):
        await cut_again_and_again(tmp_path, effort("server_power_cuts_in_uploads"))
