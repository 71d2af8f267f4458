"""``veche service``: units that systemd accepts, written once and taken away again; and what is said without it."""

import asyncio
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.cast import ANNA
from tests.ci import is_ci
from tests.stage.confined import is_possible
from tests.stage.databases import Place
from tests.stage.media import png
from tests.stage.server import ROOT, Server
from tests.stage.sockets import RealTown
from veche.app.service.units import WRITTEN_BY, Unit, cron_line, openrc_text, quoted, unit_text

ODD = '/srv/the office\'s 100% $HOME "data" \\ ü'


def veche(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run ``veche service``."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **variables}
    command = [sys.executable, "-m", "veche", "service", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)


def said(*words: str, **variables: str) -> str:
    """Return what it prints when it succeeds."""
    done = veche(*words, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def failed(*words: str, code: int = 2, **variables: str) -> str:
    """Return the one line in which it fails."""
    done = veche(*words, **variables)
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stderr.startswith("veche: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def expect_valid(path: Path) -> None:
    """Let systemd itself read the unit; the program it names must exist, and so must the account."""
    if shutil.which("systemd-analyze") is None:
        lacking = "systemd-analyze is missing: apt-get install systemd"
        if is_ci():
            pytest.fail(lacking)
        pytest.skip(lacking)
    done = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def lines_of(path: Path) -> list[str]:
    """Return the lines of a unit."""
    return path.read_text().splitlines()


def test_a_unit_of_the_system(tmp_path: Path) -> None:
    path = tmp_path / "etc/systemd/system/veche.service"
    assert f"Wrote {path}." in said("install", "--root", str(tmp_path))
    expect_valid(path)
    lines = lines_of(path)
    for line in (
        f"ExecStart={sys.executable} -m veche serve --data /var/lib/veche",
        "DynamicUser=yes",
        "StateDirectory=veche",
        "ReadWritePaths=/var/lib/veche",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "Restart=on-failure",
        "RestartForceExitStatus=70",
        "KillSignal=SIGTERM",
        "CapabilityBoundingSet=",
        "WantedBy=multi-user.target",
    ):
        assert line in lines


def test_installing_again_changes_nothing_and_removing_takes_it_away(tmp_path: Path) -> None:
    root = ("--root", str(tmp_path))
    path = tmp_path / "etc/systemd/system/veche.service"
    assert "no unit is installed" in failed("status", *root, code=1)
    said("install", *root)
    before = path.stat()
    assert f"{path} is as it should be" in said("install", *root)
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert "ExecStart=" in said("status", *root)
    assert "Wrote" in said("install", "--data", "/srv/veche", "--as-user", "nobody", *root)
    assert "User=nobody" in lines_of(path)
    assert "DynamicUser=yes" not in lines_of(path)
    assert f"Removed {path}" in said("remove", *root)
    assert not path.exists()
    assert "nothing was to be done" in said("remove", *root)


def test_a_unit_that_somebody_else_wrote_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "etc/systemd/system/veche.service"
    path.parent.mkdir(parents=True)
    path.write_text("[Service]\nExecStart=/bin/true\n")
    for words in (("install",), ("remove",)):
        assert "was not written by veche" in failed(*words, "--root", str(tmp_path))
    assert path.read_text() == "[Service]\nExecStart=/bin/true\n"


def test_a_unit_of_ones_own(tmp_path: Path) -> None:
    said("install", "--user", "--root", str(tmp_path), XDG_CONFIG_HOME="/home/greta/.config", HOME="/home/greta")
    path = tmp_path / "home/greta/.config/systemd/user/veche.service"
    expect_valid(path)
    lines = lines_of(path)
    assert f"ExecStart={sys.executable} -m veche serve --data /home/greta/.local/share/veche" in lines
    assert "WantedBy=default.target" in lines
    assert not [line for line in lines if line.startswith(("User=", "DynamicUser", "ProtectSystem"))]


def test_what_the_settings_ask_for_is_in_the_unit(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "veche.toml").write_text('port = 443\nbackup_folder = "/mnt/the backup"\n')
    said("install", "--data", str(data), "--as-user", pwd.getpwuid(os.geteuid()).pw_name, "--root", str(tmp_path))
    path = tmp_path / "etc/systemd/system/veche.service"
    expect_valid(path)
    lines = lines_of(path)
    assert f'ReadWritePaths={data} "-/mnt/the backup"' in lines
    assert "CapabilityBoundingSet=CAP_NET_BIND_SERVICE" in lines
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE" in lines


def test_two_servers_have_two_units(tmp_path: Path) -> None:
    for name in ("veche", "veche-test"):
        said("install", "--name", name, "--root", str(tmp_path))
    folder = tmp_path / "etc/systemd/system"
    assert "ReadWritePaths=/var/lib/veche-test" in lines_of(folder / "veche-test.service")
    assert "ReadWritePaths=/var/lib/veche" in lines_of(folder / "veche.service")


def test_odd_paths_are_what_they_were(tmp_path: Path) -> None:
    unit = Unit("veche", (sys.executable, "-m", "veche", "serve", "--data", ODD), Path(ODD), "root", (ODD,), (), ())
    path = tmp_path / "veche.service"
    path.write_text(unit_text(unit))
    expect_valid(path)
    assert '"/srv/the office\'s 100%% $$HOME \\"data\\" \\\\ ü"' in path.read_text()


@pytest.mark.parametrize(
    ("word", "shown"),
    [("/a-b/c.d", "/a-b/c.d"), ("a b", '"a b"'), ("50%", '"50%%"'), ("$X", '"$$X"'), ('"', '"\\""'), ("", '""')],
)
def test_words_in_a_command(word: str, shown: str) -> None:
    assert quoted(word) == shown


@pytest.mark.skipif(Path("/run/systemd/system").is_dir(), reason="systemd runs here, and would really install it")
def test_without_systemd_it_is_said_what_does_the_same() -> None:
    done = veche("install", "--data", "/var/lib/veche")
    if os.geteuid() != 0:
        assert "needs root" in done.stderr
        done = veche("install", "--user")
    assert done.returncode == 1
    assert "systemd does not run here" in done.stderr
    for part in (WRITTEN_BY, "#!/sbin/openrc-run", "@reboot"):
        assert part in done.stdout


def test_what_stands_in_for_a_unit_is_good_shell(tmp_path: Path) -> None:
    program = tmp_path / "a program"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@" "$MARK" > "$(dirname "$0")/called"\n')
    program.chmod(0o700)
    unit = Unit("veche", (str(program), "serve", "--data", ODD), Path(ODD), "greta", variables=(("MARK", "a b"),))
    called = f"serve\n--data\n{ODD}\na b\n"
    line = cron_line(unit).removeprefix("@reboot ").replace("\\%", "%")
    subprocess.run(["/bin/sh", "-c", line], check=True, timeout=20)
    assert (tmp_path / "called").read_text() == called
    (tmp_path / "called").unlink()
    script = openrc_text(unit) + '\neval "$command $command_args"'.replace("$command ", '\\"$command\\" ')
    subprocess.run(["/bin/sh", "-c", script], check=True, timeout=20)
    assert (tmp_path / "called").read_text() == called


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("install", "--name", "../evil"), "cannot be the name"),
        (("install", "--name", "Veche"), "cannot be the name"),
        (("install", "--name", ""), "cannot be the name"),
        (("install", "--data", "/srv/veche"), "--as-user"),
        (("install", "--user", "--as-user", "nobody"), "runs as you"),
        (("install", "--data", "/srv/a\nUser=root", "--as-user", "nobody"), "cannot stand in a unit"),
        (("status", "--name", "a b"), "cannot be the name"),
    ],
)
def test_bad_input_is_named(tmp_path: Path, words: tuple[str, ...], fault: str) -> None:
    assert fault in failed(*words, "--root", str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_bad_settings_are_named(tmp_path: Path) -> None:
    (tmp_path / "veche.toml").write_text("port = \n")
    words = ("install", "--data", str(tmp_path), "--as-user", "nobody", "--root", str(tmp_path / "root"))
    assert "veche.toml" in failed(*words)


def test_settings_of_the_environment_are_not_forgotten_in_silence(tmp_path: Path) -> None:
    told = failed("install", "--root", str(tmp_path), VECHE_DATABASE="postgresql://u@h/db", VECHE_PORT="9999")
    assert "VECHE_DATABASE, VECHE_PORT: " in told
    assert "veche.toml" in told
    assert list(tmp_path.iterdir()) == []


async def test_the_server_needs_no_memory_that_the_unit_forbids(place: Place, tmp_path: Path) -> None:
    """Passwords, pictures, certificates and sealed backups come from libraries written in other languages."""
    if not is_possible():
        pytest.skip("this kernel cannot forbid memory that is writable and executable (Linux 6.3 can)")
    secret = tmp_path / "secret"
    secret.touch(0o600)
    secret.write_text("a long passphrase")
    server = Server(place, ("-m", "tests.stage.confined"), tls="on", trust_port=0).start()
    server.is_measured = False
    try:
        async with aiohttp.ClientSession() as session:
            town = RealTown(server, session)
            anna = await town.person(ANNA)
            sent = await town.call("POST", "/_matrix/media/v3/upload", png(), token=anna.token)
            path = f"/_matrix/client/v1/media/thumbnail/{sent.ok()['content_uri'].removeprefix('mxc://')}"
            assert (await anna.get(path, width=96, height=96)).status == 200
        words = ("backup", str(tmp_path / "b"), "--data", str(place.data), "--passphrase-file", str(secret))
        command = [sys.executable, "-m", "veche", *words]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        await asyncio.to_thread(subprocess.run, command, env=environment, check=True, stdout=subprocess.DEVNULL)
    finally:
        server.stop()
