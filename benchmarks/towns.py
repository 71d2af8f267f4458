"""Gives every question a fresh server on a copy of data that is prepared once in a run: people, or a whole office."""

import contextlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from benchmarks.accounting import Meter
from benchmarks.contestants import Contestant
from benchmarks.databases import Databases
from benchmarks.load import Crowd, Sender, gather_crowd
from benchmarks.people import Person, fill, make_room, register
from benchmarks.scale import Scale
from benchmarks.server import ONE_CORE, TWO_CORES, Running, free_port, start
from benchmarks.wire import Pool

OFFICE_MESSAGES = 30


class Prepared(msgspec.Struct, frozen=True):
    """A data folder whose server is stopped, its database address ('' with SQLite), and who lives there."""

    data: Path
    database: str
    people: list[Person]
    rooms: list[str]


class Town:
    """A running server with people in it."""

    def __init__(self, prepared: Prepared, running: Running) -> None:
        self.people, self.rooms, self.data = prepared.people, prepared.rooms, prepared.data
        self.database = prepared.database
        self.running = running
        self.pool = Pool(running.port)

    def meter(self) -> Meter:
        """A stop-watch on the server's CPU."""
        return Meter(self.running.pid)

    def sender(self, person: Person, room: str) -> Sender:
        """`person` ready to write into `room`."""
        return Sender(self.running.port, person, room)

    async def crowd(self, people: Sequence[Person]) -> Crowd:
        """`people` on long polls."""
        return await gather_crowd(self.pool, self.running.port, people)


class Towns:
    """Everything a question may ask for: towns at the scale of the run."""

    def __init__(
        self, contestant: Contestant, databases: Databases, scale: Scale, people: int, folder: Path, is_sqlite: bool
    ) -> None:
        self.scale = scale
        self.is_sqlite = is_sqlite
        self.tells_presence = contestant.tells_presence
        self.speaks_tls = contestant.speaks_tls
        self.backs_up = contestant.backs_up
        self.folder = folder
        self._contestant, self._databases, self._people = contestant, databases, people
        self._prepared: dict[str, Prepared] = {}
        self._count = 0

    @contextlib.asynccontextmanager
    async def town(
        self, cores: frozenset[int] = ONE_CORE, environment: Mapping[str, str] | None = None
    ) -> AsyncIterator[Town]:
        """People without rooms."""
        async with self._open(await self._get_people(), cores, environment) as town:
            yield town

    @contextlib.asynccontextmanager
    async def office(self, cores: frozenset[int] = ONE_CORE) -> AsyncIterator[Town]:
        """`office_rooms` rooms with 30 messages each; the first `office_members` people are in all of them."""
        async with self._open(await self._get_office(), cores, None) as town:
            yield town

    async def restarted(
        self, town: Town, cores: frozenset[int] = ONE_CORE, environment: Mapping[str, str] | None = None
    ) -> Running:
        """Stops the town's server and starts it again on the same data."""
        await town.running.stop()
        town.pool.close()
        town.running = await self._start(town.data, town.database, cores, environment)
        town.pool = Pool(town.running.port)
        return town.running

    def new_database(self) -> str:
        """The address of an empty database; '' with SQLite."""
        return self._databases.make()

    async def _get_people(self) -> Prepared:
        async def build(town: Town) -> None:
            town.people += await register(town.pool, self._people)

        if "people" not in self._prepared:
            empty = Prepared(self._folder(), self._databases.make(), [], [])
            empty.data.mkdir()
            self._prepared["people"] = await self._build(empty, build)
        return self._prepared["people"]

    async def _get_office(self) -> Prepared:
        async def build(town: Town) -> None:
            members = town.people[: self.scale.office_members]
            for _ in range(self.scale.office_rooms):
                town.rooms.append(await make_room(town.pool, members))
                await fill(town.pool, town.rooms[-1], members[:10], OFFICE_MESSAGES)

        if "office" not in self._prepared:
            self._prepared["office"] = await self._build(self._copy(await self._get_people()), build)
        return self._prepared["office"]

    async def _build(self, prepared: Prepared, build: Callable[[Town], Awaitable[None]]) -> Prepared:
        town = Town(prepared, await self._start(prepared.data, prepared.database, TWO_CORES, None))
        try:
            await build(town)
        finally:
            town.pool.close()
            await town.running.stop()
        return prepared

    @contextlib.asynccontextmanager
    async def _open(
        self, prepared: Prepared, cores: frozenset[int], environment: Mapping[str, str] | None
    ) -> AsyncIterator[Town]:
        copy = self._copy(prepared)
        town = Town(copy, await self._start(copy.data, copy.database, cores, environment))
        try:
            yield town
        finally:
            town.pool.close()
            await town.running.stop()
            shutil.rmtree(copy.data)

    def _copy(self, prepared: Prepared) -> Prepared:
        folder = self._folder()
        shutil.copytree(prepared.data, folder, ignore=shutil.ignore_patterns("*.sock", "*.pid"))
        database = self._databases.make(prepared.database)
        return Prepared(folder, database, list(prepared.people), list(prepared.rooms))

    def _folder(self) -> Path:
        self._count += 1
        return self.folder / f"data{self._count}"

    async def _start(
        self, data: Path, database: str, cores: frozenset[int], environment: Mapping[str, str] | None
    ) -> Running:
        port = free_port()
        command = self._contestant.command(data, port, database)
        settings = {"VECHE_SEARCH": "off", **(environment or {})}  # what indexing costs has a question of its own
        return await start(command, port, self.folder / "server.log", cores=cores, environment=settings)
