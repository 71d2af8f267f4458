"""What can be wrong with a backup, or with making one: each a sentence for whoever runs the server."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class BackupFault(Exception):
    """It cannot be done; the message says why."""


class Damaged(BackupFault):
    """A part of a backup is not what it was: missing, cut short or changed."""


class WrongPassphrase(BackupFault):
    """The backup cannot be read with this passphrase, or not without one."""


class Unfinished(BackupFault):
    """The backup was never finished."""


class Stopped(BackupFault):
    """The server is stopping, or somebody has interrupted the work."""


class NoRoom(BackupFault):
    """The disk has no room for it."""


@contextmanager
def explained(place: Path) -> Iterator[None]:
    """Turn what the file system says about ``place`` into one sentence."""
    try:
        yield
    except OSError as fault:
        if fault.errno in _NO_ROOM:
            raise NoRoom(f"no room is left in {place}") from fault
        raise BackupFault(f"{fault.filename or place}: {fault.strerror or fault}") from fault
