"""An office's first Monday: the link that the server prints, the rooms that everybody shares, a table of people."""

import asyncio
import csv
import os
import re
import stat
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.effort import effort
from tests.scenarios.test_cli import failed, said, veche
from tests.stage.asgi import Answer
from tests.stage.people import CLIENT_API
from tests.stage.server import ROOT, Server
from tests.stage.sockets import RealTown

PASSWORD = "a fairly long password"
FORM = {"full_name": "Грета Иванова", "username": "", "password": PASSWORD, "password_again": PASSWORD}
MADE = "Accounts made: {}."
TABLE = "Логин;ФИО;Роль;Пароль;Комнаты\n"


def printed_links(server: Server) -> list[str]:
    """Return the paths of all links that the server has printed, the newest last."""
    return re.findall(rf"{re.escape(server.url)}(/first/\S+)", server.last_words())


async def sent(town: RealTown, path: str, **more: str) -> Answer:
    """Send the form."""
    return await town.call("POST", path, urlencode({**FORM, **more}).encode())


async def sign_in(town: RealTown, name: str, password: str = PASSWORD) -> str:
    """Sign in as any client does; return the access token."""
    identifier = {"type": "m.id.user", "user": name}
    body = {"type": "m.login.password", "identifier": identifier, "password": password}
    return str((await town.call("POST", f"{CLIENT_API}/login", body)).ok()["access_token"])


async def rooms_of(town: RealTown, token: str) -> set[str]:
    """Return the names of all rooms that somebody finds in their first sync."""
    joined = (await town.call("GET", f"{CLIENT_API}/sync", token=token)).ok()["rooms"]["join"]
    parts = [room.get(part, {"events": []}) for room in joined.values() for part in ("state", "timeline")]
    events = [event for part in parts for event in part["events"]]
    return {event["content"]["name"] for event in events if event["type"] == "m.room.name"}


async def test_the_printed_link_makes_the_first_administrator(world: RealTown) -> None:
    server = world.server
    (path,) = printed_links(server)
    assert (await world.call("GET", path)).status == 200
    made = await sent(world, path)
    assert made.status == 200
    assert "@greta.ivanova:veche.test" in made.bytes.decode()
    token = await sign_in(world, "greta.ivanova")
    assert await rooms_of(world, token) == {"General", "Talk"}
    assert (await world.call("GET", "/_veche/v1/registration_tokens", token=token)).ok()["registration_tokens"] == []
    assert (await sent(world, path, username="second")).status == 410
    await world.restart()
    assert printed_links(server) == [path]
    assert (await world.call("GET", path)).status == 410
    listed = said("user", "list", "--data", str(server.place.data)).splitlines()
    assert [line.split("\t")[:2] for line in listed] == [["@greta.ivanova:veche.test", "administrator"]]


async def test_a_start_without_accounts_prints_another_link(world: RealTown) -> None:
    await world.restart()
    old, new = printed_links(world.server)
    assert (await sent(world, old)).status == 404
    assert (await sent(world, new)).status == 200


async def test_of_two_who_send_the_form_one_is_the_administrator(world: RealTown) -> None:
    (path,) = printed_links(world.server)
    answers = await asyncio.gather(*(sent(world, path, username=f"greta{number}") for number in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 410, 410, 410]
    assert len(said("user", "list", "--data", str(world.server.place.data)).splitlines()) == 1


@pytest.mark.settings(default_rooms="Общая")
async def test_whoever_is_added_by_command_finds_the_rooms_too(world: RealTown) -> None:
    place = ("--data", str(world.server.place.data))
    said("user", "add", "elena", "--admin", *place, given=f"{PASSWORD}\n")
    said("user", "add", "boris", *place, given=f"{PASSWORD}\n")
    assert await rooms_of(world, await sign_in(world, "boris")) == {"Общая"}


@pytest.mark.settings(default_rooms="Общая")
async def test_rooms_that_are_named_later_are_there_after_the_next_start(world: RealTown) -> None:
    place = ("--data", str(world.server.place.data))
    mallory = await world.person("mallory")
    (await mallory.post("/createRoom", {"name": "Trap", "room_alias_name": "general"})).ok()
    said("user", "add", "elena", "--admin", *place, given=f"{PASSWORD}\n")
    said("user", "add", "boris", *place, given=f"{PASSWORD}\n")
    since = (await mallory.get("/sync")).ok()["next_batch"]
    world.server.change(default_rooms="Общая, General, Новости")
    await world.restart()
    news = (await mallory.get("/sync", since=since, timeout=60_000)).ok()["rooms"]["join"]
    assert len(news) == 1
    said("user", "add", "carla", *place, given=f"{PASSWORD}\n")
    for name in ("boris", "carla"):
        assert await rooms_of(world, await sign_in(world, name)) == {"Общая", "Новости"}
    assert await rooms_of(world, mallory.token) == {"Trap", "Общая", "Новости"}
    assert "#general:veche.test is the alias of somebody's own room" in world.server.last_words()
    second = await world.device(mallory.user, "TABLET")
    (await second.post("/createRoom", {"room_alias_name": "новости"})).refused(400, "M_EXCLUSIVE")


@pytest.mark.settings(registration="token")
async def test_a_token_of_the_command_line_opens_its_rooms(world: RealTown) -> None:
    place = ("--data", str(world.server.place.data))
    said("user", "add", "elena", "--admin", *place, given=f"{PASSWORD}\n")
    elena = await sign_in(world, "elena")
    board = {"preset": "private_chat", "name": "Board", "room_alias_name": "board"}
    (await world.call("POST", f"{CLIENT_API}/createRoom", board, token=elena)).ok()
    token = said("token", "add", "--uses", "1", "--room", "#board:veche.test", *place).strip()
    assert "number of uses" in failed("token", "add", "--admin", *place)
    assert "no room" in failed("token", "add", "--room", "#none:veche.test", *place)
    body = {"username": "greta", "password": PASSWORD, "auth": {"type": "m.login.registration_token", "token": token}}
    made = (await world.call("POST", f"{CLIENT_API}/register", body)).ok()
    assert await rooms_of(world, made["access_token"]) == {"General", "Talk", "Board"}


def table(folder: Path, text: str, encoding: str = "utf-8", name: str = "people.csv") -> str:
    """Write a table and return its path."""
    (folder / name).write_bytes(text.encode(encoding))
    return str(folder / name)


def done_in(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return what an import that succeeds prints of its numbers."""
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[:2]


def made_up(folder: Path) -> dict[str, str]:
    """Return the passwords that were made up, by user name as it stands in the file."""
    with (folder / "people.passwords.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["user name"]: row["password"] for row in csv.DictReader(file, delimiter=";")}


async def test_a_table_of_people_becomes_accounts(world: RealTown, tmp_path: Path) -> None:
    place = ("--data", str(world.server.place.data))
    rows = "anna;Анна Иванова;администратор;очень длинный пароль;\n=boris;Борис;;;\n"
    file = table(tmp_path, TABLE + rows, "windows-1251")
    assert said("user", "import", file, "--dry-run", *place) == "2 new, 0 there already, 0 with faults.\n"
    assert said("user", "list", *place) == ""
    assert not (tmp_path / "people.passwords.csv").exists()
    assert done_in(veche("user", "import", file, *place)) == ["2 new, 0 there already, 0 with faults.", MADE.format(2)]
    token = await sign_in(world, "anna", "очень длинный пароль")
    board = {"preset": "private_chat", "name": "Board", "room_alias_name": "board"}
    (await world.call("POST", f"{CLIENT_API}/createRoom", board, token=token)).ok()
    table(tmp_path, TABLE + rows + "carla;Carla;;;#board:veche.test\n")
    assert done_in(veche("user", "import", file, *place)) == ["1 new, 2 there already, 0 with faults.", MADE.format(1)]
    assert made_up(tmp_path).keys() == {"carla", "'=boris"}
    assert stat.S_IMODE((tmp_path / "people.passwords.csv").stat().st_mode) == 0o600
    shared = {"General", "Talk"}
    for name, rooms in (("'=boris", shared), ("carla", {*shared, "Board"})):
        token = await sign_in(world, name.lstrip("'"), made_up(tmp_path)[name])
        assert await rooms_of(world, token) == rooms


def test_every_fault_is_told_and_nothing_is_done(server: Server, tmp_path: Path) -> None:
    place = ("--data", str(server.place.data))
    said("user", "add", "dmitri", *place, given=f"{PASSWORD}\n")
    rows = "а.иванова;Анна;;;\nboris;=1+1;;;\ncarla;Carla;;short;\ndmitri;Another;;;\nelena;Елена;;;\nelena;Елена;;;\n"
    file = table(tmp_path, TABLE.rstrip() + ";E-mail\n" + rows)
    done = veche("user", "import", file, *place)
    assert (done.returncode, done.stdout) == (1, "1 new, 0 there already, 5 with faults.\n")
    told = done.stderr.splitlines()
    assert told[0] == "The column for e-mail is passed over: accounts have no addresses here."
    parts = ["Perhaps: a.ivanova", "formula", "12 characters", "taken by 'dmitri'", "line 6 already"]
    assert [
        line.startswith(f"line {number}: ") and part in line
        for number, part, line in zip((2, 3, 4, 5, 7), parts, told[1:-1], strict=True)
    ] == [True] * 5
    assert told[-1].startswith("veche: nothing was done")
    assert len(said("user", "list", *place).splitlines()) == 1
    assert not (tmp_path / "people.passwords.csv").exists()


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"PK\x03\x04", "spreadsheet"),
        ("login,name\nzoe,Zoé\n".encode("cp1252"), "neither UTF-8"),
        (b"login\n" + b"a" * (10 * 2**20), "larger than 10 MB"),
        (b"colour\nred\n", "no column called"),
    ],
)
def test_what_is_no_table_of_people_is_named(server: Server, tmp_path: Path, data: bytes, part: str) -> None:
    (tmp_path / "people.csv").write_bytes(data)
    done = veche("user", "import", str(tmp_path / "people.csv"), "--data", str(server.place.data))
    assert done.returncode == 1
    assert part in done.stderr.splitlines()[0]
    assert done.stderr.startswith("line 1: ")


def test_files_that_cannot_be_used_are_named(server: Server, tmp_path: Path) -> None:
    place = ("--data", str(server.place.data))
    assert "No such file" in failed("user", "import", str(tmp_path / "none.csv"), *place, code=2)
    file = table(tmp_path, "login\nanna\n")
    line = failed("user", "import", file, "--passwords", file, *place, code=2)
    assert "no file of made-up passwords" in line
    assert Path(file).read_text() == "login\nanna\n"


def interrupt_import(file: str, passwords: Path, *place: str) -> None:
    """Begin an import and kill the command as soon as it has written passwords down."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    running = subprocess.Popen([sys.executable, "-m", "veche", "user", "import", file, *place], env=environment)
    while not passwords.exists() and running.poll() is None:
        time.sleep(0.01)
    running.kill()
    running.wait()


async def test_an_interrupted_import_goes_on_where_it_was(world: RealTown, tmp_path: Path) -> None:
    count = effort("imported_people")
    place = ("--data", str(world.server.place.data))
    file = table(tmp_path, "login\n" + "".join(f"person{number}\n" for number in range(count)), "utf-16")
    interrupt_import(file, tmp_path / "people.passwords.csv", *place)
    before = set(made_up(tmp_path).items()) if (tmp_path / "people.passwords.csv").stat().st_size else set()
    done = veche("user", "import", file, *place)
    assert done.returncode == 0, done.stderr
    assert len(said("user", "list", *place).splitlines()) == count
    passwords = made_up(tmp_path)
    assert len(passwords) == count
    assert before <= set(passwords.items())
    for name in ("person0", f"person{count - 1}"):
        await sign_in(world, name, passwords[name])
    again = said("user", "import", file, *place)
    assert again == f"0 new, {count} there already, 0 with faults.\n"


def test_people_are_imported_while_the_server_rests(server: Server, tmp_path: Path) -> None:
    server.stop()
    (server.place.data / "veche.toml").write_text('server_name = "veche.test"\n')
    place = ("--data", str(server.place.data))
    done = veche("user", "import", table(tmp_path, "login,role\nanna,admin\nboris,\n"), *place)
    assert done.returncode == 0, done.stderr
    assert MADE.format(2) in done.stdout
    listed = [line.split("\t")[:2] for line in said("user", "list", *place).splitlines()]
    assert listed == [["@anna:veche.test", "administrator"], ["@boris:veche.test", "user"]]
    server.start()


@pytest.mark.parametrize("names", ["!?", "General,general", ",".join(f"room{number}" for number in range(21))])
def test_rooms_that_cannot_be_stop_the_start(tmp_path: Path, names: str) -> None:
    line = failed("serve", "--data", str(tmp_path), "--set", f"default_rooms={names}", code=2)
    assert "default_rooms" in line
