"""``veche service`` inside this process, with a systemctl that writes down how it was called."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from veche.app.cli.faults import Fault
from veche.app.cli.service import service
from veche.app.service import systemd
from veche.app.service.systemd import Systemd

SYSTEMCTL = """#!/bin/sh
echo "$@" >> {called}
case "$*" in
    *is-enabled*) echo enabled ;;
    *is-active*) echo failed; exit 3 ;;
    *) cat {says} >&2 ;;
esac
exit $(cat {code})
"""


class Bench:
    """Whoever calls the command: a home, a program called systemctl, and what it was asked."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.called, self.says, self.code = folder / "called", folder / "says", folder / "code"
        programs = folder / "bin"
        programs.mkdir()
        program = programs / "systemctl"
        program.write_text(SYSTEMCTL.format(called=self.called, says=self.says, code=self.code))
        program.chmod(0o700)
        self.fails(0, "")
        for name, value in (
            ("PATH", f"{programs}:{os.environ['PATH']}"),
            ("HOME", str(folder / "home")),
            ("XDG_CONFIG_HOME", str(folder / "config")),
            ("XDG_DATA_HOME", str(folder / "share")),
        ):
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("PYTHONPATH", raising=False)
        monkeypatch.setattr(systemd, "_RUNNING", folder)
        self.unit = folder / "config/systemd/user/veche.service"

    def fails(self, code: int, text: str) -> None:
        """Say what systemctl does from now on."""
        self.code.write_text(str(code))
        self.says.write_text(text)

    def run(self, *words: str) -> Result:
        """Call the command, and forget how systemctl was called before."""
        self.called.unlink(missing_ok=True)
        return CliRunner().invoke(service, words)

    def done(self, *words: str) -> str:
        """Call it where it must succeed; return what it says."""
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result.output

    def asked(self) -> list[str]:
        """Return how systemctl was called."""
        return self.called.read_text().splitlines() if self.called.exists() else []


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A machine that systemd runs."""
    return Bench(tmp_path, monkeypatch)


def calls(*words: str) -> list[str]:
    """Return how systemctl is called for somebody's own unit."""
    return [f"--user --no-ask-password {each}" for each in words]


def test_a_unit_is_installed_started_and_taken_away(bench: Bench) -> None:
    said = bench.done("install", "--user")
    assert f"Wrote {bench.unit}." in said
    assert "loginctl enable-linger" in said
    assert bench.asked() == calls("daemon-reload", "enable veche", "restart veche")
    assert f"serve --data {bench.folder}/share/veche" in bench.unit.read_text()
    assert "is as it should be" in bench.done("install", "--user")
    assert bench.asked() == calls("daemon-reload", "enable veche", "start veche")
    assert "enabled, failed\nMore: systemctl --user status veche" in bench.done("status", "--user")
    assert f"Stopped veche; it no longer starts with the machine.\nRemoved {bench.unit}." in bench.done(
        "remove", "--user"
    )
    assert bench.asked() == calls("disable --now veche", "daemon-reload")
    assert not bench.unit.exists()


def test_what_systemctl_says_is_told_in_one_line(bench: Bench) -> None:
    bench.fails(1, "Failed to connect\nto bus\n")
    told = bench.run("install", "--user")
    assert (told.exit_code, told.stderr) == (2, "veche: systemctl daemon-reload: Failed to connect to bus\n")
    bench.fails(1, "")
    assert "systemctl daemon-reload: it failed" in bench.run("install", "--user").output


def test_without_the_program_it_is_said_so(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.done("install", "--user")
    monkeypatch.setenv("PATH", str(bench.folder / "nothing here"))
    assert "systemctl cannot be called: " in bench.run("status", "--user").output


def test_a_program_that_never_answers_is_given_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def waits(*words: object, **more: object) -> None:
        raise subprocess.TimeoutExpired("systemctl", 90)

    monkeypatch.setattr(subprocess, "run", waits)
    with pytest.raises(Fault, match="systemctl cannot be called"):
        Systemd(is_users=False).ask("is-active", "veche")


def test_a_unit_of_the_system_is_for_root_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    told = bench.run("install")
    assert (told.exit_code, bench.asked()) == (2, [])
    assert "needs root" in told.output


def test_an_account_that_is_named_must_exist_and_own_the_folder(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(Systemd, "folder", bench.folder / "units")
    data, myself = bench.folder / "data", pwd.getpwuid(os.getuid()).pw_name
    told = bench.run("install", "--data", str(data), "--as-user", "nobody-of-this-name")
    assert "there is no account nobody-of-this-name; make it with: useradd" in told.output
    said = bench.done("install", "--data", str(data), "--as-user", myself)
    assert f"Made {data} for {myself}." in said
    assert data.stat().st_mode & 0o777 == 0o700
    assert bench.asked()[-1] == "--no-ask-password restart veche"
    assert "Made" not in bench.done("install", "--data", str(data), "--as-user", myself)
    other = next(account for account in pwd.getpwall() if account.pw_uid != os.getuid())
    told = bench.run("install", "--data", str(data), "--as-user", other.pw_name)
    assert f"{data} does not belong to {other.pw_name}; give it with: chown -R" in told.output


def test_a_folder_where_nothing_can_be_written_is_named(bench: Bench) -> None:
    (bench.folder / "config").write_text("a file")
    assert f"{bench.unit} cannot be written: " in bench.run("install", "--user").output


def test_where_systemd_does_not_run_all_else_is_shown(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systemd, "_RUNNING", bench.folder / "absent")
    told = bench.run("install", "--user")
    assert (told.exit_code, bench.asked(), bench.unit.exists()) == (1, [], False)
    for part in ("veche.service:", "#!/sbin/openrc-run", "@reboot", "systemd does not run here"):
        assert part in told.output
    assert "no unit is installed" in bench.run("status", "--user").output
    assert "nothing was to be done" in bench.done("remove", "--user")


def test_below_another_root_only_files_are_written(bench: Bench) -> None:
    root = bench.folder / "image"
    bench.done("install", "--root", str(root))
    path = root / "etc/systemd/system/veche.service"
    assert "ExecStart=" in bench.done("status", "--root", str(root))
    path.write_text("[Service]\n")
    assert "was not written by veche" in bench.run("remove", "--root", str(root)).output
    assert bench.asked() == []


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--name", "../x"), "cannot be the name"),
        (("--user", "--as-user", "nobody"), "runs as you"),
        (("--data", "/srv/veche"), "use --as-user"),
        (("--data", "/srv/a\nb", "--as-user", "nobody"), "cannot stand in a unit"),
    ],
)
def test_what_makes_no_unit_is_named(bench: Bench, words: tuple[str, ...], fault: str) -> None:
    assert fault in bench.run("install", *words, "--root", str(bench.folder / "image")).output


def test_settings_are_read_and_those_of_the_environment_not_lost(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bench.folder / "share/veche"
    data.mkdir(parents=True)
    (data / "veche.toml").write_text("port = \n")
    assert "veche.toml" in bench.run("install", "--user").output
    (data / "veche.toml").write_text('port = 443\nbackup_folder = "/mnt/backup"\n')
    bench.done("install", "--user")
    monkeypatch.setenv("VECHE_PORT", "9999")
    assert "VECHE_PORT: a unit does not know your environment" in bench.run("install", "--user").output


def test_how_this_program_is_called(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    program = bench.folder / "veche"
    program.write_text("")
    monkeypatch.setattr("sys.argv", [str(program)])
    monkeypatch.setenv("PYTHONPATH", "/opt/veche/src")
    bench.done("install", "--user")
    text = bench.unit.read_text()
    assert f"ExecStart={program} serve" in text
    assert "PYTHONPATH=/opt/veche/src" in text


def test_a_place_that_others_cannot_read_is_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", "/root/venv")
    assert "Veche lies in /root" in bench.done("install", "--root", str(bench.folder / "image"))
