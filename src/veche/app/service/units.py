"""The text of a systemd unit, and of what stands in for it elsewhere. Nothing is run or written here."""

import re
import shlex
from pathlib import Path

import msgspec

_PLAIN = re.compile(r"[A-Za-z0-9_@+:,./-]+\Z")
_LONGEST_STOP = 30
_RECOVERS = 70
"""The exit code of a server that no longer knows what its disk holds: started again, it recovers."""

_COMMON = f"""\
Type=exec
KillSignal=SIGTERM
TimeoutStopSec={_LONGEST_STOP}
Restart=on-failure
RestartForceExitStatus={_RECOVERS}
RestartSec=2
LimitNOFILE=65536
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
"""
_CONFINED = """\
PrivateDevices=yes
ProtectSystem=strict
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX
RestrictNamespaces=yes
"""


class Unit(msgspec.Struct, frozen=True):
    """What a unit is to say.

    ``account`` is whom the server runs as; empty for a user's own unit, None for an account that systemd makes up.
    ``written`` are folders besides ``data`` that the server writes into, ``used`` those that the program is made of,
    ``variables`` its environment.
    """

    name: str
    command: tuple[str, ...]
    data: Path
    account: str | None
    written: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    needs_low_port: bool = False
    is_for_user: bool = False


_HOMES = ("/home/", "/root/", "/run/user/")
_TEMPORARY = ("/tmp/", "/var/tmp/")
STATE = Path("/var/lib")
"""Where systemd keeps the data of accounts that it makes up."""
WRITTEN_BY = "# Written by veche service install"


def unit_text(unit: Unit) -> str:
    """Return the whole unit file."""
    wanted = "default.target" if unit.is_for_user else "multi-user.target"
    network = (
        "" if unit.is_for_user else "Wants=network-online.target\nAfter=network-online.target postgresql.service\n"
    )
    return (
        f"{WRITTEN_BY}, which writes it anew when it is run again.\n"
        "[Unit]\n"
        "Description=Veche, a self-hosted workplace\n"
        f"{network}"
        "StartLimitIntervalSec=0\n"
        "\n[Service]\n"
        f"ExecStart={' '.join(map(quoted, unit.command))}\n"
        f"{_environment(unit)}{_COMMON}{'' if unit.is_for_user else _of_system(unit)}"
        f"\n[Install]\nWantedBy={wanted}\n"
    )


def openrc_text(unit: Unit) -> str:
    """Return an equivalent script for OpenRC."""
    program, *words = unit.command
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in unit.variables)
    return (
        "#!/sbin/openrc-run\n"
        'description="Veche, a self-hosted workplace"\n'
        f"supervisor=supervise-daemon\n{exports}"
        f"command={shlex.quote(program)}\n"
        f"command_args={shlex.quote(shlex.join(words))}\n"
        f"command_user={shlex.quote(unit.account or 'veche')}\n"
        'respawn_delay=2\nrespawn_max=0\numask=077\nrc_ulimit="-n 65536"\n'
        "depend() {\n    need net\n    after postgresql\n}\n"
    )


def cron_line(unit: Unit) -> str:
    """Return an equivalent line for crontab: it starts the server with the machine, and again when it ends."""
    words = [*(f"{name}={value}" for name, value in unit.variables), *unit.command]
    command = f"env {shlex.join(words)}" if unit.variables else shlex.join(words)
    return f"@reboot while ! {command}; do sleep 5; done".replace("%", "\\%")


def quoted(word: str) -> str:
    """Return a word as systemd reads it in a command: with quotes where needed, and no variables or specifiers."""
    safe = word.replace("%", "%%").replace("$", "$$")
    if _PLAIN.match(word):
        return word
    escaped = safe.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _environment(unit: Unit) -> str:
    return "".join(f"Environment={_setting(f'{name}={value}')}\n" for name, value in unit.variables)


def _of_system(unit: Unit) -> str:
    """Return what confines a unit of the system: it sees the machine, and writes only where it must."""
    lines = ["User=" + quoted(unit.account)] if unit.account else ["DynamicUser=yes"]
    if unit.data.parent == STATE:
        lines += [f"StateDirectory={_setting(unit.data.name)}", "StateDirectoryMode=0700"]
    folders = (str(unit.data), *(f"-{folder}" for folder in unit.written))
    lines.append("ReadWritePaths=" + " ".join(_setting(folder) for folder in folders))
    lines.append(f"ProtectHome={'read-only' if _lies_in(unit, _HOMES) else 'yes'}")
    lines.append(f"PrivateTmp={'no' if _lies_in(unit, _TEMPORARY) else 'yes'}")
    capability = "CAP_NET_BIND_SERVICE" if unit.needs_low_port else ""
    lines += [f"CapabilityBoundingSet={capability}", f"AmbientCapabilities={capability}"]
    return "\n".join(lines) + "\n" + _CONFINED


def _lies_in(unit: Unit, folders: tuple[str, ...]) -> bool:
    """Say whether the program or its data live where they would be out of sight."""
    used = (unit.command[0], str(unit.data), *unit.written, *unit.used)
    return any(path.startswith(folders) for path in used)


def _setting(text: str) -> str:
    """Return a path or assignment as systemd reads it outside of commands: specifiers off, quotes where needed."""
    safe = text.replace("%", "%%")
    if _PLAIN.match(text.replace("=", "")):
        return safe
    escaped = safe.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
