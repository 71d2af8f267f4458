"""The indexing process beside a real server: it follows by itself, is started again, and goes when its server goes."""

import asyncio
import os
import pwd
import re
import shutil
import signal
import urllib.request
from pathlib import Path

import pytest

from tests.cast import ANNA, BORIS
from tests.scenarios.test_cli import failed, said, veche
from tests.stage.databases import Place
from tests.stage.people import Person
from tests.stage.processes import is_dead
from tests.stage.rooms import found, redact, say
from tests.stage.searching import search, texts, texts_of
from tests.stage.server import Server
from tests.stage.sockets import RealTown
from tests.stage.waiting import until

pytestmark = pytest.mark.settings(search="on")
PAUSE_SECONDS = 0.05


@pytest.fixture(params=["sqlite", "postgres"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """Both: each has an indexing process of its own kind."""
    return str(request.param)


async def finds(person: Person, term: str, expected: list[str]) -> None:
    """Wait until a search finds exactly this; meanwhile it may find less, or say that it is not ready."""

    async def is_found() -> bool:
        answer = await search(person, term, order_by="recent")
        assert answer.status in (200, 503), answer.bytes
        return answer.status == 200 and texts_of(answer) == expected

    await until(is_found, PAUSE_SECONDS)


def indexing_process(server: Server) -> int | None:
    """The process id of the server's indexing process; None while there is none."""
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            is_child = re.search(rf"^PPid:\t{server.pid}$", status.read_text(), re.MULTILINE)
            command = (status.parent / "cmdline").read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        if is_child and b"app.indexing" in command:
            return int(status.parent.name)
    return None


async def test_what_is_written_is_found_and_what_is_taken_back_is_not(world: RealTown) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna)
    said = await say(anna, room, "Итоги встречи")
    await finds(anna, "встреча", ["Итоги встречи"])
    assert await texts(boris, "встреча") == []
    await redact(anna, room, said)
    assert await texts(anna, "встреча") == []


async def test_the_process_or_the_server_is_killed_and_all_is_found_again(world: RealTown, server: Server) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    await say(anna, room, "pelican 1")
    await finds(anna, "pelican", ["pelican 1"])

    pid = indexing_process(server)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await say(anna, room, "pelican 2")
    await finds(anna, "pelican", ["pelican 2", "pelican 1"])
    assert "the indexing process ended with -9 and is started again" in server.last_words()

    pid = indexing_process(server)
    await say(anna, room, "pelican 3")
    server.kill()
    assert pid is not None
    await until(lambda: is_dead(pid), PAUSE_SECONDS)
    server.start()
    await finds(anna, "pelican", ["pelican 3", "pelican 2", "pelican 1"])


async def test_a_stop_ends_the_process_too(world: RealTown, server: Server) -> None:
    anna = await world.person(ANNA)
    await say(anna, await found(anna), "pelican")
    await finds(anna, "pelican", ["pelican"])
    pid = indexing_process(server)
    assert pid is not None
    assert server.stop() == 0
    assert is_dead(pid)


@pytest.mark.parametrize("engine_name", ["sqlite"])  # PostgreSQL looks after its own files
@pytest.mark.parametrize("harm", ["removed", "garbled", "emptied"])
async def test_an_index_that_is_lost_or_damaged_is_made_anew(
    place: Place, world: RealTown, server: Server, harm: str
) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    for number in range(30):
        await say(anna, room, f"pelican {number}")
    await finds(anna, '"pelican 29"', ["pelican 29"])
    _harm(place.data / "search.sqlite3", harm)
    await say(anna, room, "pelican 30")
    await finds(anna, '"pelican 30"', ["pelican 30"])
    await finds(anna, '"pelican 0"', ["pelican 0"])
    assert "is made anew" in server.last_words()


async def test_an_operator_can_have_the_index_made_anew(place: Place, world: RealTown, server: Server) -> None:
    anna = await world.person(ANNA)
    await say(anna, await found(anna), "pelican")
    await finds(anna, "pelican", ["pelican"])
    assert "made anew" not in server.last_words()
    given = ("--set", f"database={place.database}") if place.database else ()
    told = await asyncio.to_thread(said, "search", "rebuild", "--data", str(place.data), *given)
    assert told.startswith("The search index is made anew")

    await until(lambda: "the search index is made anew" in server.last_words(), PAUSE_SECONDS)
    await finds(anna, "pelican", ["pelican"])


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_what_cannot_be_made_anew_is_said(place: Place) -> None:
    data = str(place.data)
    assert "no data folder" in failed("search", "rebuild", "--data", f"{data}/nowhere", code=2)
    assert "turned off" in failed("search", "rebuild", "--data", data, "--set", "search=off")
    assert "there is no setting" in failed("search", "rebuild", "--data", data, "--set", "serch=off", code=2)


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_root_leaves_no_index_in_the_folder_of_another_account(place: Place) -> None:
    lock, somebody = place.data / "lock", next(one.pw_uid for one in pwd.getpwall() if one.pw_uid != 0)
    lock.touch()
    os.chown(lock, somebody, -1)
    assert "root's files there would be closed to it" in failed("search", "rebuild", "--data", str(place.data), code=2)
    assert not (place.data / "search.sqlite3").exists()


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("keeps_the_index", [False, True])
async def test_a_restored_backup_is_indexed_anew(
    place: Place, world: RealTown, server: Server, tmp_path: Path, keeps_the_index: bool
) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    await say(anna, room, "pelican before")
    await finds(anna, "pelican", ["pelican before"])
    shelf, restored = str(tmp_path / "shelf"), tmp_path / "restored"
    assert (await asyncio.to_thread(veche, "backup", shelf, "--data", str(place.data))).returncode == 0
    await say(anna, room, "pelican after")
    await finds(anna, "pelican", ["pelican after", "pelican before"])
    assert server.stop() == 0
    assert (await asyncio.to_thread(veche, "restore", shelf, "--data", str(restored))).returncode == 0
    assert not (restored / "search.sqlite3").exists()
    if keeps_the_index:  # somebody means well
        shutil.copy(place.data / "search.sqlite3", restored)
    server.place = Place(restored, "")
    server.start()
    await finds(anna, "pelican", ["pelican before"])  # what is not in the database any more is not shown
    if keeps_the_index:
        await until(lambda: "of another database, or newer" in server.last_words(), PAUSE_SECONDS)
        await finds(anna, "pelican", ["pelican before"])


async def test_the_figures_say_how_far_it_is(place: Place) -> None:
    server = Server(place, metrics="127.0.0.1:0", search="on").start()

    async def has_caught_up() -> bool:
        text = await asyncio.to_thread(_figures, server)
        assert "# TYPE veche_search_behind gauge\n" in text
        position = re.search(r"^veche_log_position (\d+)$", text, re.MULTILINE)
        assert position is not None
        return f"veche_search_position {position[1]}\n" in text and "veche_search_behind 0\n" in text

    try:
        await until(has_caught_up, PAUSE_SECONDS)
    finally:
        assert server.stop() == 0


def _figures(server: Server) -> str:
    with urllib.request.urlopen(f"{server.figures}/metrics") as answer:
        text: str = answer.read().decode()
        return text


def _harm(path: Path, how: str) -> None:
    if how == "removed":
        path.unlink()
        return
    for victim in (path, Path(f"{path}-wal")):
        size = victim.stat().st_size
        with victim.open("r+b") as file:
            if how == "emptied":
                file.truncate(0)
            else:
                file.write(b"no database at all " * (size // 19 + 1))
