"""kill -9 while a backup is made or put back: what looks whole is whole, and what is not whole is never used."""

import asyncio
import os
import random
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.cast import ANNA
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
        for number in range(effort("backup_kills")):
            making = begin("backup", str(shelf), "--data", str(place.data))
            await asyncio.sleep(chance.uniform(0.3, 2.5))
            server.kill()
            end(making)
            check(shelf, tmp_path / f"work{number}")
            server.start()
            assert not (place.data / "backup.work").exists(), "it takes room from the server"
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
    unfinished = 0
    for _ in range(effort("backup_kills")):
        restoring = begin("restore", str(shelf), "--data", str(target))
        await asyncio.sleep(chance.uniform(0.2, 1.2))
        restoring.kill()
        end(restoring)
        if (target / UNFINISHED).exists():
            unfinished += 1
            with pytest.raises(HalfRestored), data_folder(target):
                pass
            assert end(begin("serve", "--data", str(target), "--port", "0"))[0] == 2
        elif target.exists() and any(path.name != "lock" for path in target.iterdir()):
            break  # it was quicker this time
    code, said = end(begin("restore", str(shelf), "--data", str(target)))
    assert code == 0 or "not empty" in said
    assert unfinished
    engines = place.engine(), Place(target, "").engine()
    ours, theirs = (rows_of(engine) for engine in engines)
    assert theirs["events"] == ours["events"]
    assert theirs["media"] == ours["media"]
    assert len(list((target / "media").glob("??/??/*"))) == FILES
    for engine in engines:
        engine.close()
