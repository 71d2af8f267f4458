"""A network of its own for a server under test: a namespace with one wire to this machine, gone when it is closed."""

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator

import msgspec


class NoNetwork(Exception):
    """This machine lets nobody make networks; the message says why."""


class Network(msgspec.Struct, frozen=True):
    """A namespace: the server's ``address`` in it, and what to write before a command that runs there."""

    address: str
    before: tuple[str, ...]


@contextlib.contextmanager
def network() -> Iterator[Network]:
    """Make a namespace; raises ``NoNetwork``. Its addresses are those set aside for tests of networks (RFC 2544)."""
    program = shutil.which("ip", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin")))
    if program is None:
        raise NoNetwork("there is no program called ip")
    mark = secrets.token_hex(3)
    name, here, there = f"veche-{mark}", f"v{mark}a", f"v{mark}b"
    start = f"198.18.{secrets.randbelow(256)}.{4 * secrets.randbelow(64)}".rpartition(".")
    mine, other = (f"{start[0]}.{int(start[2]) + each}" for each in (1, 2))
    _run(program, "netns", "add", name)
    try:
        _run(program, "link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
        _run(program, "address", "add", f"{mine}/30", "dev", here)
        _run(program, "link", "set", here, "up")
        for words in (f"address add {other}/30 dev {there}", f"link set {there} up", "link set lo up"):
            _run(program, "-netns", name, *words.split())
        yield Network(other, (program, "netns", "exec", name))
    finally:
        _run(program, "netns", "delete", name)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoNetwork(f"{' '.join(command[1:4])}: {done.stderr.strip()}")
