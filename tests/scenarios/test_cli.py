"""The ``veche`` command: looking after accounts while the server runs and while it does not, and how it fails."""

import contextlib
import os
import re
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stage.databases import Place
from tests.stage.server import ROOT, Server

PASSWORD = "a fairly long password"
GRETA = "@greta:veche.test"


def veche(*words: str, given: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command as an operator does, with ``given`` on its standard input."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **variables}
    command = [sys.executable, "-m", "veche", *words]
    return subprocess.run(
        command, input=given, capture_output=True, text=True, env=environment, timeout=120, check=False
    )


def said(*words: str, given: str = "") -> str:
    """Return what a command that succeeds prints."""
    done = veche(*words, given=given)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def failed(*words: str, given: str = "", code: int = 1, **variables: str) -> str:
    """Return the one line in which a command fails."""
    done = veche(*words, given=given, **variables)
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stderr.startswith("veche: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def look_after_accounts(data: str) -> None:
    """Everything the command can do, one after the other."""
    place = ("--data", data)
    assert said("user", "add", "Greta", "--admin", *place, given=f"{PASSWORD}\n").startswith(GRETA)
    told = said("user", "add", "hanna", "--generate", *place)
    assert re.search(r"^password: (?:[A-Za-z2-9]{4}-){4}[A-Za-z2-9]{4}$", told, re.M), told
    assert "taken" in failed("user", "add", "greta", *place, given=f"{PASSWORD}\n")
    assert "12 characters" in failed("user", "add", "ivan", *place, given="short\n")
    assert "no password" in failed("user", "add", "ivan", *place, code=2)
    said("user", "admin", "hanna", *place)
    said("user", "admin", GRETA, "--remove", *place)
    said("user", "password", "greta", *place, given="another long password\n")
    listed = [line.split("\t")[:2] for line in said("user", "list", *place).splitlines()]
    assert listed == [[GRETA, "user"], ["@hanna:veche.test", "administrator"]]
    assert "make somebody else" in failed("user", "deactivate", "hanna", "--yes", *place)
    said("user", "admin", "greta", *place)
    said("user", "deactivate", "hanna", "--yes", "--erase", *place)
    assert "no such account" in failed("user", "deactivate", "hanna", "--yes", *place)
    assert "deactivated" in said("user", "list", *place)

    made = said("token", "add", "--uses", "3", "--days", "2", *place).strip()
    assert said("token", "add", "letter", *place) == "letter\n"
    said("token", "revoke", "letter", *place)
    assert "no such" in failed("token", "revoke", "other", *place)
    rows = {line.split("\t")[0]: line.split("\t")[1:3] for line in said("token", "list", *place).splitlines()}
    assert rows == {made: ["valid", "used 0 of 3"], "letter": ["revoked", "used 0 of any number"]}


def test_accounts_are_looked_after_while_the_server_runs(server: Server) -> None:
    look_after_accounts(str(server.place.data))
    assert server.stop() == 0


def test_accounts_are_looked_after_while_the_server_rests(server: Server) -> None:
    server.stop()
    (server.place.data / "veche.toml").write_text('server_name = "veche.test"\n')
    look_after_accounts(str(server.place.data))
    server.start()


def test_a_killed_servers_socket_is_nobodys(server: Server) -> None:
    server.kill()
    assert (server.place.data / "control.sock").exists()
    assert said("user", "list", "--data", str(server.place.data)) == ""
    server.start()
    said("user", "add", "greta", "--generate", "--data", str(server.place.data))


@pytest.mark.parametrize(
    "line", [b"", b"\n", b"nonsense\n", b'{"type":"rob bank"}\n', b'{"type":"add user"}\n', b"x" * 200_000]
)
def test_nonsense_at_the_control_socket_harms_nobody(server: Server, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(server.place.data / "control.sock"))
        with contextlib.suppress(ConnectionError):
            connection.sendall(line)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.makefile("rb").readline()
            assert not answer or b"does not understand" in answer
    assert said("user", "list", "--data", str(server.place.data)) == ""


def test_only_the_owner_may_open_what_lies_in_the_data_folder(server: Server) -> None:
    modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in server.place.data.iterdir()}
    assert set(modes.values()) == {0o600}
    assert {"control.sock", "lock", "veche.toml", "veche.sqlite3"} <= modes.keys()


def test_the_socket_is_reached_however_deep_the_folder_lies(place: Place) -> None:
    deep = place.data / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    server = Server(Place(deep, "")).start()
    assert said("user", "list", "--data", str(deep)) == ""
    server.stop()


def test_the_command_works_from_any_folder_of_a_bare_shell(server: Server, tmp_path: Path) -> None:
    bare = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [str(ROOT / "bin" / "veche"), "user", "list", "--data", str(server.place.data)]
    listed = subprocess.run(command, cwd=tmp_path, env=bare, capture_output=True, text=True, check=True, timeout=600)
    assert listed.stdout == ""
    said("user", "add", "greta", "--generate", "--data", str(server.place.data))
    listed = subprocess.run(command, cwd=tmp_path, env=bare, capture_output=True, text=True, check=True, timeout=600)
    assert GRETA in listed.stdout


def test_the_first_start_says_how_to_make_the_first_account(server: Server) -> None:
    greeting = server.last_words()
    assert f"Veche serves veche.test on {server.url}" in greeting
    assert f"{ROOT / 'bin' / 'veche'} user add NAME --admin --data {server.place.data}" in greeting
    said("user", "add", "greta", "--generate", "--data", str(server.place.data))
    server.stop()
    server.log.unlink()
    server.start()
    assert "user add" not in server.last_words()


def test_a_second_server_on_the_same_folder_is_refused(server: Server) -> None:
    assert "another server uses" in failed("serve", "--data", str(server.place.data), "--port", "0", code=2)


def test_the_servers_name_stays_what_it_was_with_the_first_account(server: Server) -> None:
    place = ("--data", str(server.place.data))
    said("user", "add", "greta", "--generate", *place)
    server.stop()
    line = failed("serve", *place, "--port", "0", "--set", "server_name=other.example", code=2)
    assert "veche.test" in line
    assert said("user", "list", *place).startswith(GRETA)


@pytest.mark.parametrize(
    ("words", "variables", "fault"),
    [
        (("--set", "colour=red"), {}, "colour"),
        (("--port", "many"), {}, "port"),
        (("--set", "registration=sometimes"), {}, "open, token, closed"),
        ((), {"VECHE_COLOUR": "red"}, "VECHE_COLOUR"),
        ((), {"VECHE_PORT": "x"}, "VECHE_PORT"),
    ],
)
def test_an_unknown_or_ill_typed_setting_stops_the_start(
    tmp_path: Path, words: tuple[str, ...], variables: dict[str, str], fault: str
) -> None:
    assert fault in failed("serve", "--data", str(tmp_path), *words, code=2, **variables)


def test_a_broken_settings_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "veche.toml").write_text("port = \n")
    assert "veche.toml" in failed("serve", "--data", str(tmp_path), code=2)


def test_a_folder_that_is_not_there_is_not_made_for_a_list(tmp_path: Path) -> None:
    assert "no data folder" in failed("user", "list", "--data", str(tmp_path / "none"), code=2)
    assert not (tmp_path / "none").exists()
