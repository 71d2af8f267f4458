"""Uploads when the server is killed, the store full or away: nothing is half-stored, and messages go on."""

import asyncio
import errno
import hashlib
import io
import random
import resource
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch

import aiohttp
import pytest

from tests.cast import ANNA, BORIS
from tests.effort import effort
from tests.faults.load import Load, Member, registered
from tests.faults.test_media_kill import Uploads, expect_agreement
from tests.stage.buckets import Buckets, setting_of
from tests.stage.cable import Cable, laid
from tests.stage.databases import Place
from tests.stage.fragile import failing
from tests.stage.media import V1, fetch, send_file, stored, upload
from tests.stage.rooms import found, rows_of, say
from tests.stage.server import Server
from tests.stage.shelves import MEBIBYTE, content_of
from tests.stage.world import World
from veche.commands import media as commands
from veche.commands.media import sweeping
from veche.storage.blobs import disk

only_sqlite = pytest.mark.parametrize("engine_name", ["sqlite"])
LARGE = 8 * MEBIBYTE
ROOM = 4 * MEBIBYTE


async def kill_again_and_again(server: Server, kills: int) -> Uploads:
    """Kill a server under uploads, each time at another moment; fail where one is missing."""
    chance = random.Random(kills)
    server.is_measured = False
    async with aiohttp.ClientSession() as session:
        anna = await registered(session, server.url, ANNA)
        uploads = Uploads(server, session, chance)
        for _ in range(kills):
            await uploads.go_on(anna, chance.randint(1, 40))
            server.start()
            await uploads.compare(anna)
    server.stop()
    return uploads


@only_sqlite
async def test_uploads_into_a_bucket_survive_every_kill(place: Place, buckets: Buckets) -> None:
    store = setting_of(buckets.fresh())
    server = Server(place, media_store=store).start()
    try:
        uploads = await kill_again_and_again(server, max(2, effort("upload_kills") // 3))
    finally:
        server.stop()
    await expect_agreement(World(place, media_store=store), uploads)


@only_sqlite
async def test_a_planted_bug_is_found(place: Place) -> None:
    server = Server(place, ("-m", "tests.faults.planted", "storing_after_the_row")).start()
    try:
        with pytest.raises(AssertionError, match="acknowledged"):
            await kill_again_and_again(server, effort("upload_kills"))
    finally:
        server.stop()


def half_way(place: Place) -> list[Path]:
    """Return the files of uploads that are under way, or were left."""
    return [path for path in (place.data / "media" / "incoming").rglob("*") if path.is_file()]


def rows_at(place: Place) -> list[str]:
    """Return the digests of all files that rows speak of, while the server runs."""
    engine = place.engine()
    connection = engine.connect(writes=False)
    found = connection.rows("SELECT digest FROM media WHERE digest IS NOT NULL ORDER BY digest")
    connection.close()
    engine.close()
    return [row[0] for row in found]


class Office:
    """Somebody who uploads and downloads at a real server, and a room in which messages go on."""

    def __init__(self, server: Server, session: aiohttp.ClientSession) -> None:
        self.load = Load(server, session)
        self._server = server
        self._session = session
        self._member = Member("", "")

    async def open(self) -> None:
        """Let people come."""
        await self.load.begin((ANNA, BORIS))
        self._member = await registered(self._session, self._server.url, "uploader")

    async def talk(self, messages: int = 20) -> None:
        """Send messages; fail where one is refused or missing."""
        await asyncio.gather(*(self.load.send_one(lane) for lane in range(messages)))
        await self.load.read_on()

    async def send(self, body: bytes) -> tuple[int, str]:
        """Upload; return the status and the address, or the error's code."""
        url = f"{self._server.url}/_matrix/media/v3/upload"
        async with self._session.post(url, data=io.BytesIO(body), headers=self._headers) as answer:
            told = await answer.json()
            return answer.status, told.get("content_uri") or told["errcode"]

    async def fetch(self, uri: str) -> tuple[int, bytes]:
        """Download; return the status and the body."""
        url = f"{self._server.url}{V1}/download/{uri.removeprefix('mxc://')}"
        async with self._session.get(url, headers=self._headers) as answer:
            return answer.status, await answer.read()

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._member.token}"}


@asynccontextmanager
async def office(server: Server) -> AsyncIterator[Office]:
    """An office at a server that runs."""
    async with aiohttp.ClientSession() as session:
        made = Office(server, session)
        await made.open()
        yield made


@only_sqlite
async def test_a_full_disk_refuses_the_upload_and_lets_messages_go_on(server: Server) -> None:
    """A limit on the size of its files is a disk on which little room is left."""
    media = server.place.data / "media"
    async with office(server) as open_office:
        before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (ROOM, resource.RLIM_INFINITY))
        refused = await asyncio.gather(*(open_office.send(content_of(LARGE, seed)) for seed in range(4)))
        assert refused == [(507, "M_RESOURCE_LIMIT_EXCEEDED")] * 4
        assert [path for path in media.rglob("*") if path.is_file()] == []
        await open_office.talk()
        status, uri = await open_office.send(content_of(MEBIBYTE))
        assert (status, await open_office.fetch(uri)) == (200, (200, content_of(MEBIBYTE)))
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, before)
        status, uri = await open_office.send(content_of(LARGE))
        assert (status, await open_office.fetch(uri)) == (200, (200, content_of(LARGE)))
        await open_office.talk()


@only_sqlite
@pytest.mark.parametrize(
    ("verb", "code", "status"),
    [
        ("open", errno.ENOSPC, 507),
        ("write", errno.ENOSPC, 507),
        ("fsync", errno.EDQUOT, 507),
        ("mkdir", errno.ENOSPC, 507),
        ("write", errno.EIO, 503),
        ("fsync", errno.EIO, 503),
        ("rename", errno.EROFS, 503),
    ],
)
async def test_what_the_disk_refuses_is_told_and_leaves_no_row(world: World, verb: str, code: int, status: int) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    before = await rows_of(world)
    with failing(verb, code):
        assert (await send_file(anna, content_of(MEBIBYTE))).status == status
        assert await rows_of(world) == before
        await say(anna, room, "messages go on")
    assert half_way(world.place) == []
    uri = await upload(anna, content_of(MEBIBYTE))
    assert (await fetch(anna, uri)).bytes == content_of(MEBIBYTE)
    world.clock.advance(seconds=7200)
    assert await commands.sweep_store(world.commands) == 0


@asynccontextmanager
async def office_with_a_bucket(place: Place, buckets: Buckets) -> AsyncIterator[tuple[Office, Cable]]:
    """A real server whose bucket is at the other end of a cable."""
    async with laid(buckets.port) as cable:
        store = setting_of(buckets.fresh()).replace(f":{buckets.port}/", f":{cable.port}/")
        server = await asyncio.to_thread(Server(place, media_store=store).start)
        try:
            async with office(server) as open_office:
                yield open_office, cable
        finally:
            await asyncio.to_thread(server.stop)


@only_sqlite
async def test_where_the_storage_is_away_messages_go_on(place: Place, buckets: Buckets) -> None:
    async with office_with_a_bucket(place, buckets) as (open_office, cable):
        status, uri = await open_office.send(content_of(MEBIBYTE))
        assert status == 200
        await cable.cut()
        refused = await asyncio.gather(*(open_office.send(content_of(MEBIBYTE, seed)) for seed in range(2, 6)))
        assert refused == [(503, "M_UNKNOWN")] * 4
        assert (await open_office.fetch(uri))[0] == 503
        await open_office.talk()
        assert half_way(place) == []
        await cable.mend()
        assert await open_office.fetch(uri) == (200, content_of(MEBIBYTE))
        status, again = await open_office.send(content_of(MEBIBYTE, 2))
        assert (status, await open_office.fetch(again)) == (200, (200, content_of(MEBIBYTE, 2)))
        await open_office.talk()


@only_sqlite
async def test_a_storage_that_says_nothing_holds_up_only_its_uploads(place: Place, buckets: Buckets) -> None:
    async with office_with_a_bucket(place, buckets) as (open_office, cable):
        cable.hold()
        uploads = [asyncio.ensure_future(open_office.send(content_of(MEBIBYTE, seed))) for seed in range(20)]
        for _ in range(5):
            await open_office.talk()
        assert not any(upload.done() for upload in uploads)
        await cable.mend()
        for seed, (status, uri) in enumerate(await asyncio.gather(*uploads)):
            assert (status, await open_office.fetch(uri)) == (200, (200, content_of(MEBIBYTE, seed)))


@only_sqlite
async def test_a_storage_that_goes_in_the_middle_leaves_all_or_nothing(place: Place, buckets: Buckets) -> None:
    chance = random.Random(7)
    async with office_with_a_bucket(place, buckets) as (open_office, cable):
        acknowledged: dict[str, bytes] = {}
        for life in range(max(2, effort("upload_kills") // 3)):
            bodies = [content_of(2 * MEBIBYTE, 100 * life + lane) for lane in range(8)]
            sending = [asyncio.ensure_future(open_office.send(body)) for body in bodies]
            await asyncio.wait(sending, timeout=chance.random() / 2)
            await cable.cut()
            for body, (status, told) in zip(bodies, await asyncio.gather(*sending), strict=True):
                assert status in (200, 503)
                if status == 200:
                    acknowledged[told] = body
            assert half_way(place) == []
            await cable.mend()
        assert rows_at(place) == sorted(hashlib.sha256(body).hexdigest() for body in acknowledged.values())
        for uri, body in acknowledged.items():
            assert await open_office.fetch(uri) == (200, body)
        await open_office.talk()


async def test_a_sweep_that_never_rests_takes_nothing_that_is_wanted(world: World) -> None:
    """Contents come, go and come again while everything without a row is swept, however young, on a slow disk."""
    unlink = disk._unlink  # noqa: SLF001

    def slowly(path: Path) -> None:
        time.sleep(0.005)
        unlink(path)

    anna = await world.person(ANNA)
    bodies = [content_of(2000, seed) for seed in range(3)]
    is_over = asyncio.Event()

    async def sweep() -> None:
        while not is_over.is_set():
            await commands.sweep_store(world.commands)
            await commands.delete_removed(world.commands)

    async def come_and_go(body: bytes) -> None:
        for _ in range(20):
            uri = await upload(anna, body)
            assert (await fetch(anna, uri)).bytes == body
            await commands.remove_file(world.commands, anna.asker, uri.rpartition("/")[2])

    with patch.object(sweeping, "_GRACE_MS", -3_600_000), patch.object(disk, "_unlink", slowly):
        sweeps = [asyncio.ensure_future(sweep()) for _ in range(2)]
        await asyncio.gather(*(come_and_go(body) for body in bodies * 2))
        kept = [await upload(anna, body) for body in bodies]
        is_over.set()
        await asyncio.gather(*sweeps)
        await commands.delete_removed(world.commands)
        await commands.sweep_store(world.commands)
    assert await stored(world) == sorted(hashlib.sha256(body).hexdigest() for body in bodies)
    assert [(await fetch(anna, uri)).bytes for uri in kept] == bodies
