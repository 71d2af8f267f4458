"""``veche service``: let the machine start the server, and start it again should it end."""

import os
import pwd
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from veche.app.cli.faults import Declined, Fault
from veche.app.cli.place import read_settings
from veche.app.service.systemd import Systemd
from veche.app.service.units import STATE, WRITTEN_BY, Unit, cron_line, openrc_text, unit_text
from veche.app.settings import SETTINGS, BadSetting, Values

F = TypeVar("F", bound=Callable[..., Any])

_FOLDER = click.Path(path_type=Path, file_okay=False)
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}\Z")
_LOW_PORTS = range(1, 1024)
_ROOT = Path("/")


def _which(command: F) -> F:
    """Give a command the options that say which unit is meant."""
    options = (
        click.option("--user", "is_users", is_flag=True, help="A unit of your own instead of the system's."),
        click.option("--name", default="veche", show_default=True, help="The unit's name."),
        click.option("--root", type=_FOLDER, default=_ROOT, help="Write below this folder only, for another machine."),
    )
    for option in options:
        command = option(command)
    return command


@click.group()
def service() -> None:
    """Start with the machine: install, status, remove."""


@service.command()
@click.option("--data", type=_FOLDER, help="Data folder; /var/lib/NAME, or ~/.local/share/NAME with --user, if absent.")
@click.option("--as-user", "account", help="The account to run as; one that systemd makes up if absent.")
@_which
def install(data: Path | None, account: str | None, is_users: bool, name: str, root: Path) -> None:
    """Write a systemd unit and start it, now and with the machine. Run again it brings the unit up to date."""
    systemd = _systemd(is_users, name, root)
    folder = (data or _usual_folder(is_users, name)).absolute()
    unit = _unit(name, folder, account, is_users)
    if root == _ROOT and not systemd.is_running:
        _tell_otherwise(unit)
        raise Declined("systemd does not run here, so nothing was installed; what does the same is printed above")
    if root == _ROOT and unit.account:
        _prepare(folder, unit.account)
    if not is_users and any(path.startswith("/root/") for path in unit.used):
        click.echo("Veche lies in /root, which no other account may read; install it elsewhere, in /opt for example.")
    has_changed = _write(systemd.folder / f"{name}.service", unit_text(unit))
    if systemd.is_running:
        _start(systemd, name, has_changed=has_changed)


@service.command()
@_which
def status(is_users: bool, name: str, root: Path) -> None:
    """Say whether the unit is installed, starts with the machine and runs."""
    systemd = _systemd(is_users, name, root, writes=False)
    path = systemd.folder / f"{name}.service"
    if not path.exists():
        raise Declined(f"no unit is installed: there is no {path}")
    begins = [line for line in path.read_text().splitlines() if line.startswith("ExecStart=")]
    click.echo("\n".join([str(path), *begins]))
    if systemd.is_running:
        click.echo(f"{systemd.ask('is-enabled', name)}, {systemd.ask('is-active', name)}")
        click.echo(f"More: systemctl {'--user ' if is_users else ''}status {name}; journalctl -u {name}")


@service.command()
@_which
def remove(is_users: bool, name: str, root: Path) -> None:
    """Stop the unit and remove it. The data folder stays as it is."""
    systemd = _systemd(is_users, name, root)
    path = systemd.folder / f"{name}.service"
    if not path.exists():
        click.echo(f"There is no {path}; nothing was to be done.")
        return
    _expect_ours(path)
    if systemd.is_running:
        systemd.call("disable", "--now", name)
        click.echo(f"Stopped {name}; it no longer starts with the machine.")
    path.unlink()
    click.echo(f"Removed {path}.")
    if systemd.is_running:
        systemd.call("daemon-reload")


def _systemd(is_users: bool, name: str, root: Path, *, writes: bool = True) -> Systemd:
    if not _NAME.match(name):
        raise Fault(f"{name!r} cannot be the name of a unit: small letters, digits and - are allowed")
    systemd = Systemd(is_users, root.absolute())
    if writes and not is_users and root == _ROOT and os.geteuid() != 0:
        raise Fault("a unit of the system needs root; run this as root, or use --user")
    return systemd


def _usual_folder(is_users: bool, name: str) -> Path:
    if not is_users:
        return STATE / name
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / name


def _unit(name: str, data: Path, account: str | None, is_users: bool) -> Unit:
    if is_users and account:
        raise Fault("a unit of your own runs as you; --as-user is for one of the system")
    if not is_users and not account and data.parent != STATE:
        raise Fault(f"an account that systemd makes up keeps its data in {STATE}/NAME; use --as-user for {data}")
    if not str(data).isprintable():
        raise Fault(f"the path {str(data)!r} cannot stand in a unit")
    _expect_no_loose_settings(data)
    values = _settings(data)
    ports = {values["port"], values["trust_port"]}
    folder = values["backup_folder"]
    return Unit(
        name=name,
        command=(*_program(), "serve", "--data", str(data)),
        data=data,
        account=account,
        written=(folder,) if folder else (),
        used=_used(),
        variables=tuple((known, os.environ[known]) for known in ("PYTHONPATH",) if os.environ.get(known)),
        needs_low_port=bool(ports & set(_LOW_PORTS)),
        is_for_user=is_users,
    )


def _settings(data: Path) -> Values:
    try:
        return read_settings(data, [])
    except (BadSetting, OSError) as fault:
        raise Fault(str(fault)) from None


def _expect_no_loose_settings(data: Path) -> None:
    """Refuse where the caller's environment says what the server would not be told: it would begin with other data."""
    known = {declared.variable for declared in SETTINGS}
    loose = sorted(name for name in known if name in os.environ)
    if loose:
        place = data / "veche.toml"
        raise Fault(f"{', '.join(loose)}: a unit does not know your environment; write it into {place} (chmod 600)")


def _program() -> tuple[str, ...]:
    """Return how this very program is called, wherever the caller stands."""
    called = Path(sys.argv[0])
    if called.name == "veche" and called.is_file():
        return (str(called.absolute()),)
    return (sys.executable, "-m", "veche")


def _used() -> tuple[str, ...]:
    """Return where Python and this package really lie."""
    places = {sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve()), str(Path(__file__).resolve())}
    return tuple(sorted(places))


def _prepare(data: Path, account: str) -> None:
    """Make the data folder where it is missing; one that belongs to somebody else is left to its owner."""
    try:
        owner = pwd.getpwnam(account)
    except KeyError:
        made = f"useradd --system --home-dir {data} --shell /usr/sbin/nologin {account}"
        raise Fault(f"there is no account {account}; make it with: {made}") from None
    if data.exists():
        if data.stat().st_uid != owner.pw_uid:
            raise Fault(f"{data} does not belong to {account}; give it with: chown -R {account}: {data}")
        return
    data.mkdir(parents=True, mode=0o700)
    shutil.chown(data, owner.pw_uid, owner.pw_gid)
    click.echo(f"Made {data} for {account}.")


def _write(path: Path, text: str) -> bool:
    """Write the unit; say whether it was another one before."""
    if path.exists():
        _expect_ours(path)
        if path.read_text() == text:
            click.echo(f"{path} is as it should be.")
            return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o644)
    except OSError as fault:
        raise Fault(f"{path} cannot be written: {fault.strerror}") from None
    click.echo(f"Wrote {path}.")
    return True


def _expect_ours(path: Path) -> None:
    if not path.read_text().startswith(WRITTEN_BY):
        raise Fault(f"{path} was not written by veche service install; move it away first")


def _start(systemd: Systemd, name: str, *, has_changed: bool) -> None:
    systemd.call("daemon-reload")
    systemd.call("enable", name)
    systemd.call("restart" if has_changed else "start", name)
    click.echo(f"{name} runs, and starts with the machine.")
    if systemd.is_users:
        click.echo("Until you sign in it waits, unless you let it start earlier with: loginctl enable-linger")


def _tell_otherwise(unit: Unit) -> None:
    click.echo(f"# What systemd would be given, as {unit.name}.service:\n\n{unit_text(unit)}")
    click.echo(f"# With OpenRC, as /etc/init.d/{unit.name} (chmod 755; rc-update add {unit.name} default):\n")
    click.echo(openrc_text(unit))
    click.echo(f"# With cron alone, one line for crontab -e of the account it is to run as:\n\n{cron_line(unit)}")
