"""Backups and faults: what looks whole is whole, what is not whole is never used, and the server goes on.

kill -9 while a backup is made or put back, and a disk that fills up.
"""

import asyncio
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from tests.cast import ANNA, BORIS
from tests.effort import effort
from tests.stage.backups import opened, rows_of
from tests.stage.databases import Place
from tests.stage.server import ROOT, Server
from tests.stage.sockets import RealTown
from veche.app.folder import HalfRestored, data_folder
from veche.commands.operation.verifying import verify
from veche.domain.operation.backups import UNFINISHED, is_name
from veche.storage.engines.sqlite import SqliteEngine

DAWDLING = ("-m", "tests.faults.dawdling")
FILES = 12
only_sqlite = pytest.mark.parametrize("engine_name", ["sqlite"])


def begin(*words: str) -> "subprocess.Popen[str]":
    """Run the slow command beside the test."""
    return subprocess.Popen(
        [sys.executable, *DAWDLING, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )


def end(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Wait for its end; return the exit code and all that it said."""
    out, err = process.communicate(timeout=120)
    return process.returncode, out + err


def until(process: "subprocess.Popen[str]", has_begun: Callable[[], bool]) -> None:
    """Wait until the work has begun, or the process has ended already."""
    while process.poll() is None and not has_begun():
        time.sleep(0.005)


async def furnish(server: Server) -> None:
    """Give the server an account, a room with messages, and files."""
    async with aiohttp.ClientSession() as session:
        anna = await RealTown(server, session).person(ANNA)
        room = (await anna.post("/createRoom")).ok()["room_id"]
        for number in range(FILES):
            body = bytes([number]) * 100_000
            (await anna.world.call("POST", "/_matrix/media/v3/upload", body, token=anna.token)).ok()
            content = {"msgtype": "m.text", "body": "x" * 30_000}
            (await anna.put(f"/rooms/{room}/send/m.room.message/{number}", content)).ok()


def check(shelf: Path, work: Path) -> int:
    """Verify every backup that looks like a whole one; return how many there are."""
    whole = [folder for folder in shelf.iterdir() if is_name(folder.name)] if shelf.exists() else []
    for folder in whole:
        place = work / folder.name
        place.mkdir(parents=True)
        assert list(verify(opened(folder), SqliteEngine(place / "veche.sqlite3"), place, lambda stage: None)) == []
    return len(whole)


@only_sqlite
async def test_a_backup_that_was_killed_never_looks_whole(place: Place, tmp_path: Path) -> None:
    chance, shelf = random.Random(1), tmp_path / "shelf"
    server = Server(place, DAWDLING).start()
    server.is_measured = False
    try:
        await furnish(server)
        halves = 0
        for number in range(effort("backup_kills")):
            making = begin("backup", str(shelf), "--data", str(place.data))
            until(making, lambda: any(shelf.glob("*.partial")))
            await asyncio.sleep(chance.uniform(0, 1.5))
            server.kill()
            end(making)
            halves += sum(1 for path in shelf.iterdir() if path.name.endswith(".partial"))
            check(shelf, tmp_path / f"work{number}")
            server.start()
            assert not (place.data / "backup.work").exists(), "it takes room from the server"
        assert halves, "it was never killed in the middle"
        before = check(shelf, tmp_path / "before")
        assert end(begin("backup", str(shelf), "--data", str(place.data)))[0] == 0
        assert check(shelf, tmp_path / "after") == before + 1
        assert not [path for path in shelf.iterdir() if path.name.endswith(".partial")]
    finally:
        server.stop()


@only_sqlite
async def test_a_restore_that_was_killed_is_not_started_and_can_be_repeated(place: Place, tmp_path: Path) -> None:
    chance, shelf, target = random.Random(2), tmp_path / "shelf", tmp_path / "new"
    server = Server(place).start()
    await furnish(server)
    assert end(begin("backup", str(shelf), "--data", str(place.data)))[0] == 0
    server.stop()
    halves = 0
    for _ in range(effort("backup_kills")):
        restoring = begin("restore", str(shelf), "--data", str(target))
        until(restoring, (target / UNFINISHED).exists)
        await asyncio.sleep(chance.uniform(0, 0.5))
        restoring.kill()
        end(restoring)
        if not (target / UNFINISHED).exists():  # it was quicker this time, and whole
            shutil.rmtree(target)
            continue
        halves += 1
        with pytest.raises(HalfRestored), data_folder(target):
            pass
        assert end(begin("serve", "--data", str(target), "--port", "0"))[0] == 2
    assert halves, "it was never killed in the middle"
    assert end(begin("restore", str(shelf), "--data", str(target)))[0] == 0
    engines = place.engine(), Place(target, "").engine()
    ours, theirs = (rows_of(engine) for engine in engines)
    assert theirs["events"] == ours["events"]
    assert theirs["media"] == ours["media"]
    assert len(list((target / "media").glob("??/??/*"))) == FILES
    for engine in engines:
        engine.close()


@only_sqlite
async def test_a_disk_that_fills_up_ends_the_backup_and_nothing_else(place: Place, tmp_path: Path) -> None:
    """A limit on the size of its files is a full disk to the process; what people send still fits."""
    server, shelf = Server(place).start(), tmp_path / "shelf"
    try:
        await furnish(server)
        server.stop()  # what was written moves from the log to the database
        server.start()
        size = (place.data / "veche.sqlite3").stat().st_size
        before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size - 50_000, resource.RLIM_INFINITY))
        code, said = end(begin("backup", str(shelf), "--data", str(place.data)))
        assert (code, said.splitlines()[-1][:27]) == (1, "veche: no backup was made: ")
        assert not list(shelf.glob("veche-*"))
        assert not (place.data / "backup.work").exists()
        async with aiohttp.ClientSession() as session:
            boris = await RealTown(server, session).person(BORIS)
            (await boris.post("/createRoom")).ok()
            assert (await boris.get("/health")).ok()["backup"]["is_whole"] is False
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, before)
        assert end(begin("backup", str(shelf), "--data", str(place.data)))[0] == 0
        assert check(shelf, tmp_path / "work") == 1
    finally:
        server.stop()
