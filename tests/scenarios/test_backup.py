"""Backups of the real server under load: restored elsewhere, clients go on; the command says clearly what is wrong."""

import asyncio
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import aiohttp
import msgspec
import pytest

from tests.cast import ANNA, BORIS, CARLA
from tests.parity.client import Client, Shape
from tests.stage.backups import rows_of
from tests.stage.databases import Place
from tests.stage.people import Person
from tests.stage.rooms import come, found
from tests.stage.server import ROOT, Server
from tests.stage.sockets import RealTown
from veche.storage.operation.manifests import Backup, open_backup

SECRET = "a long passphrase"
LANES = 6
PAUSE = 0.04
CHANGED_BY_RESTORE = {"log_head", "one_time_keys", "server_facts"}


def veche(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command as an operator does."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "veche", *words]
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=120, check=False, stdin=subprocess.DEVNULL
    )


def said(*words: str) -> str:
    """Return what a command that succeeds prints."""
    done = veche(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def failed(*words: str, code: int) -> str:
    """Return all that a command says that fails with this code; the last line is the reason."""
    done = veche(*words)
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stderr.splitlines()[-1].startswith("veche: ")
    return done.stdout + done.stderr


class Load:
    """People who write and send files all the time; every message bears its own number."""

    def __init__(self, people: list[Person], room: str) -> None:
        self.acknowledged: dict[tuple[int, int], str] = {}
        self.files: dict[str, bytes] = {}
        self._people = people
        self._room = room
        self._ends = False

    async def go_on_while(self, work: "asyncio.Future[str]") -> str:
        """Write until the work is done; return what came of it."""
        self._ends = False
        lanes = asyncio.gather(*(self._write(lane) for lane in range(LANES)), self._upload())
        result = await work
        self._ends = True
        await lanes
        return result

    async def send(self, lane: int, number: int, person: Person) -> str:
        """Send one message, perhaps again; return its event id."""
        path = f"/rooms/{self._room}/send/m.room.message/lane{lane}-{number}"
        answer = await person.put(path, {"msgtype": "m.text", "body": f"{lane}-{number}"})
        return str(answer.ok()["event_id"])

    def person(self, lane: int) -> Person:
        """Who writes in a lane."""
        return self._people[lane % len(self._people)]

    async def _write(self, lane: int) -> None:
        done = sum(1 for other, _ in self.acknowledged if other == lane)
        for number in count(done):
            if self._ends:
                return
            self.acknowledged[lane, number] = await self.send(lane, number, self.person(lane))
            await asyncio.sleep(PAUSE)

    async def _upload(self) -> None:
        anna = self._people[0]
        for number in count():
            if self._ends:
                return
            body = f"file {len(self.files)} {number} ".encode() * 9_000
            sent = await anna.world.call("POST", "/_matrix/media/v3/upload", body, token=anna.token)
            self.files[sent.ok()["content_uri"]] = body
            await asyncio.sleep(PAUSE)


async def backed_up(place: Place, shelf: Path, *words: str) -> str:
    """Make a backup of a running server beside the test."""
    return await asyncio.to_thread(said, "backup", str(shelf), *whereabouts(place), *words)


def moved(person: Person, town: RealTown) -> Person:
    """The same person with the same token at another server."""
    return msgspec.structs.replace(person, world=town)


def position_of(shelf: Path) -> Backup:
    """Open the only backup of a folder."""
    [folder] = shelf.glob("veche-*")
    return open_backup(folder, lambda: SECRET)


@pytest.mark.parametrize("engine_name", ["sqlite", "postgres"])
async def test_a_backup_under_load_restored_elsewhere(
    world: RealTown, empty_place: Callable[[], Place], tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.touch(0o600)
    secret.write_text(f"{SECRET}\n")
    people = await world.people(ANNA, BORIS, CARLA)
    room = await found(people[0])
    for other in people[1:]:
        await come(people[0], other, room)
    load, reader = Load(people, room), Client(people[1], Shape(limit=50))
    await load.go_on_while(asyncio.ensure_future(asyncio.sleep(0.3, "warm")))
    await reader.take(await reader.ask(), set())
    plain = asyncio.ensure_future(backed_up(world.server.place, tmp_path / "plain"))
    assert "up to position" in await load.go_on_while(plain)
    sealed = asyncio.ensure_future(backed_up(world.server.place, tmp_path / "sealed", "--passphrase-file", str(secret)))
    await load.go_on_while(sealed)
    await load.go_on_while(asyncio.ensure_future(asyncio.sleep(0.3, "more")))
    await reader.take(await reader.ask(), set())
    world.server.stop()
    before = rows_of(world.server.place.engine())
    for shelf in (tmp_path / "plain", tmp_path / "sealed"):
        backup, target = position_of(shelf), empty_place()
        opening = ("--passphrase-file", str(secret)) if shelf.name == "sealed" else ()
        assert "is whole" in said("verify", str(shelf), *opening)
        said("restore", str(shelf), *whereabouts(target), *opening)
        expect_moment(before, rows_of(target.engine()), backup.manifest.position)
        expect_contents(backup, target.data)
    await go_on_elsewhere(target, load, reader, room)


def whereabouts(place: Place) -> list[str]:
    """Return the options that name a place."""
    return ["--data", str(place.data), *(["--set", f"database={place.database}"] if place.database else [])]


def expect_moment(
    ours: dict[str, list[tuple[object, ...]]], theirs: dict[str, list[tuple[object, ...]]], at: int
) -> None:
    """Fail unless the restored rows are those of the log up to that position, and nothing beyond it."""
    lived_on = {name for name in ours if ours[name] != theirs[name]} - CHANGED_BY_RESTORE
    assert "accounts" not in lived_on
    assert "rooms" not in lived_on
    events = [row for row in ours["events"] if isinstance(row[0], int) and row[0] <= at]
    assert theirs["events"] == events
    assert len(events) < len(ours["events"])
    assert set(theirs["media"]) < set(ours["media"])


def expect_contents(backup: Backup, data: Path) -> None:
    """Fail unless exactly the contents of that moment are in the restored store."""
    stored = {path.name: path.read_bytes() for path in (data / "media").glob("??/??/*")}
    assert stored.keys() == {kept.digest for kept in backup.contents()}
    assert all(hashlib.sha256(body).hexdigest() == digest for digest, body in stored.items())


async def go_on_elsewhere(place: Place, load: Load, reader: Client, room: str) -> None:
    """Clients send once more whatever they have sent, and new things; the reader goes on with its old token."""
    server = Server(place).start()
    try:
        async with aiohttp.ClientSession() as session:
            town = RealTown(server, session)
            known = {event["event_id"] for event in reader.view(room).log}
            again: dict[str, str] = {}

            async def repeat(lane: int) -> None:
                person = moved(load.person(lane), town)
                for (other, number), event in load.acknowledged.items():
                    if other == lane:
                        again[event] = await load.send(lane, number, person)

            await asyncio.gather(*map(repeat, range(LANES)))
            kept = {event for event, now in again.items() if event == now}
            assert 0 < len(kept) < len(again), "the backup was made in the middle"
            new = [await load.send(lane, 10**6, moved(load.person(lane), town)) for lane in range(LANES)]
            reader.person = moved(reader.person, town)
            await reader.take(await reader.ask(), set())  # fails where an event is told twice
            fresh = Client(reader.person, Shape(limit=50))
            await fresh.take(await fresh.ask(), set())
            log = [event["event_id"] for event in fresh.view(room).log]
            held = [event["event_id"] for event in reader.view(room).log]
            assert set(log) <= set(held), "the reader misses an event"
            assert [event for event in held if event in set(log)] == log
            assert set(held) - known == set(new) | {now for event, now in again.items() if event != now}
            uri, body = next(iter(load.files.items()))
            got = await reader.person.get(f"/_matrix/client/v1/media/download/{uri.removeprefix('mxc://')}")
            assert got.bytes == body
    finally:
        server.stop()


def test_a_server_that_rests_is_backed_up_too(server: Server, tmp_path: Path) -> None:
    data = str(server.place.data)
    said("user", "add", "greta", "--generate", "--data", data)
    server.stop()
    assert "veche-" in said("backup", str(tmp_path / "b"), "--data", data)
    said("restore", str(tmp_path / "b"), "--data", str(tmp_path / "new"))
    assert "@greta:veche.test" in said("user", "list", "--data", str(tmp_path / "new"))
    server.start()


def test_what_is_wrong_is_said_in_one_line(server: Server, tmp_path: Path) -> None:
    data, shelf, secret = str(server.place.data), tmp_path / "b", tmp_path / "secret"
    secret.touch(0o600)
    secret.write_text("right\n")
    said("backup", str(shelf), "--data", data, "--passphrase-file", str(secret))
    [folder] = shelf.glob("veche-*")
    new = str(tmp_path / "new")
    for command in (("verify", str(folder)), ("restore", str(folder), "--data", new)):
        assert "--passphrase-file" in failed(*command, code=2)
        secret.write_text("wrong\n")
        assert "the passphrase is wrong" in failed(*command, "--passphrase-file", str(secret), code=2)
        secret.write_text("\n")
        assert "there is no passphrase" in failed(*command, "--passphrase-file", str(secret), code=2)
        secret.write_text("right\n")
    largest = max(folder.iterdir(), key=lambda path: path.stat().st_size)
    whole = largest.read_bytes()
    largest.write_bytes(whole[:-1] + b"\x00")
    opening = ("--passphrase-file", str(secret))
    assert "is damaged" in failed("verify", str(shelf), *opening, code=1)
    assert "damaged" in failed("restore", str(shelf), "--data", new, *opening, code=2)
    largest.write_bytes(whole)
    assert "another server uses" in failed("restore", str(shelf), "--data", data, *opening, code=2)
    secret.chmod(0o644)
    assert "chmod 600" in failed("verify", str(shelf), *opening, code=2)
    secret.chmod(0o600)
    manifest = folder / "manifest.sealed"
    manifest.rename(folder / "elsewhere")
    for command in (("verify", str(folder)), ("restore", str(folder), "--data", new)):
        assert "never finished" in failed(*command, code=2)
    said("backup", str(tmp_path / "plain"), "--data", data)
    for command in (("verify", str(tmp_path / "plain")), ("restore", str(tmp_path / "plain"), "--data", new)):
        assert "is not sealed" in failed(*command, *opening, code=2)
    assert "no backup was made" in failed("backup", "/proc/none", "--data", data, code=1)
    assert said("user", "list", "--data", data) == ""


def test_settings_given_at_the_restore_stay(server: Server, tmp_path: Path) -> None:
    data, new = str(server.place.data), tmp_path / "new"
    said("backup", str(tmp_path / "b"), "--data", data)
    assert "no setting called" in failed(
        "restore", str(tmp_path / "b"), "--data", str(new), "--set", "colour=red", code=2
    )
    said("restore", str(tmp_path / "b"), "--data", str(new), "--set", "port=8123", "--set", "log_format=json")
    text = (new / "veche.toml").read_text()
    assert "\nport = 8123\n" in text
    assert '\nlog_format = "json"\n' in text
