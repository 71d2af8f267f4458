"""kill -9 during uploads: what was acknowledged can be fetched whole, no row lacks its contents, no orphan survives."""

import asyncio
import hashlib
import random
from typing import Any

import aiohttp

from tests.cast import ANNA, BORIS
from tests.effort import effort
from tests.faults.ledger import Lost
from tests.faults.load import Member, registered
from tests.stage.media import V1, stored
from tests.stage.server import Server
from tests.stage.world import World
from veche.commands import media as commands
from veche.storage.reader import Snapshot

UPLOADERS = 8
SIZES = (0, 1, 5_000, 400_000, 900_000)


class Uploads:
    """People who upload until the server is killed, and everything that was acknowledged to them."""

    def __init__(self, server: Server, session: aiohttp.ClientSession, chance: random.Random) -> None:
        self._server, self._session, self._chance = server, session, chance
        self.acknowledged: dict[str, str] = {}
        self._goal = 0

    async def go_on(self, member: Member, acknowledgements: int) -> None:
        """Upload from all sides until so many more are acknowledged; the server is killed at that very moment."""
        self._goal = len(self.acknowledged) + acknowledgements
        await asyncio.gather(*(self._upload(member) for _ in range(UPLOADERS)))

    async def compare(self, member: Member) -> None:
        """Fetch some of what was acknowledged, all lives of the server long; raise ``Lost`` where it is not whole."""
        for uri, digest in self._chance.sample(sorted(self.acknowledged.items()), k=min(40, len(self.acknowledged))):
            path = f"{self._server.url}{V1}/download/{uri.removeprefix('mxc://')}"
            async with self._session.get(path, headers=_by(member)) as answer:
                body = await answer.read()
            if answer.status != 200 or hashlib.sha256(body).hexdigest() != digest:
                raise Lost(f"{uri} was acknowledged and is answered {answer.status}")

    async def _upload(self, member: Member) -> None:
        while len(self.acknowledged) < self._goal:
            body = self._chance.randbytes(self._chance.choice(SIZES))
            try:
                answer = await self._post(member, body)
            except aiohttp.ClientError:
                return  # killed
            self.acknowledged[answer["content_uri"]] = hashlib.sha256(body).hexdigest()
            if len(self.acknowledged) == self._goal:
                self._server.kill()

    async def _post(self, member: Member, body: bytes) -> dict[str, Any]:
        async with self._session.post(
            f"{self._server.url}/_matrix/media/v3/upload", data=body, headers=_by(member)
        ) as answer:
            found: dict[str, Any] = await answer.json()
            assert answer.status == 200, found
            return found


async def test_uploads_survive_every_kill(server: Server) -> None:
    kills = effort("upload_kills") if not server.place.database else effort("upload_kills") // 3
    chance = random.Random(kills)
    server.is_measured = False
    async with aiohttp.ClientSession() as session:
        anna, _ = [await registered(session, server.url, name) for name in (ANNA, BORIS)]
        uploads = Uploads(server, session, chance)
        for _ in range(kills):
            await uploads.go_on(anna, chance.randint(1, 40))
            server.start()
            await uploads.compare(anna)
    server.stop()
    await expect_agreement(World(server.place), uploads)


async def expect_agreement(world: World, uploads: Uploads) -> None:
    """Open what the server left, sweep it, and hold rows and contents against each other."""
    await world.start()
    before = await stored(world)
    rows = await world.queries.reader.run(_digests)
    assert rows <= set(before), "a row without its contents"
    assert set(uploads.acknowledged.values()) <= rows, "an acknowledged upload without its row"
    world.clock.advance(seconds=7200)
    await commands.sweep_store(world.commands)
    assert set(await stored(world)) == rows, "an orphan survived the sweep"
    assert not [path for path in (world.place.data / "media" / "incoming").rglob("*") if path.is_file()]
    await world.stop()


def _digests(at: Snapshot) -> set[str]:
    return {row[0] for row in at.all("SELECT digest FROM media WHERE digest IS NOT NULL")}


def _by(member: Member) -> dict[str, str]:
    return {"Authorization": f"Bearer {member.token}"}
