"""The data folder: made where it is missing, and held by one process at a time."""

import contextlib
import fcntl
import os
import pwd
from collections.abc import Iterator
from pathlib import Path

from veche.app.settings import settings_file
from veche.domain.operation.backups import UNFINISHED


class Occupied(Exception):
    """Another process uses the data folder."""


class HalfRestored(Occupied):
    """A restore into the data folder was begun and not finished."""


class Foreign(Occupied):
    """The data folder is another account's, and this is root, whose files that account could not open."""


@contextlib.contextmanager
def data_folder(data: Path) -> Iterator[None]:
    """Make the data folder and its settings file where missing, and hold its lock.

    Raises ``Occupied`` while another process holds it, ``HalfRestored`` where only a part of a backup is in it,
    ``Foreign`` for root where another account has used it before.
    """
    with held_folder(data):
        if (data / UNFINISHED).exists():
            raise HalfRestored(f"the restore into {data} was never finished: repeat it, or remove the folder")
        _write_settings(data / "veche.toml")
        yield


@contextlib.contextmanager
def held_folder(data: Path) -> Iterator[None]:
    """Make a folder where it is missing, whatever is in it, and hold its lock; raises ``Occupied`` or ``Foreign``."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _expect_own(descriptor, data)
        _lock(descriptor, data)
        yield
    finally:
        os.close(descriptor)


def _expect_own(descriptor: int, data: Path) -> None:
    """Whoever made the lock is who runs the server; in a folder of its own a container may well do so as root."""
    owner = os.fstat(descriptor).st_uid
    if os.geteuid() != 0 or owner == 0:
        return
    try:
        name = pwd.getpwuid(owner).pw_name
    except KeyError:  # one that systemd makes up has a name only while its service runs
        name = f"#{owner}"
    raise Foreign(f"{data} belongs to {name}: root's files there would be closed to it; use: sudo -u '{name}' …")


def _lock(descriptor: int, data: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Occupied(f"another server uses {data}") from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, b"%d\n" % os.getpid())


def _write_settings(path: Path) -> None:
    """Write the commented settings file, readable by its owner only: it may come to hold a database's password."""
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w") as file:
            file.write(settings_file())
