"""Passphrases that stand in a file: the first line is the present one. What everybody may read is none."""

import os
import stat
from pathlib import Path

from veche.storage.operation.faults import WrongPassphrase


def read_passphrase(path: Path) -> str:
    """Return the passphrase; raises ``WrongPassphrase`` where the file holds none."""
    return read_passphrases(path)[0]


def read_passphrases(path: Path) -> tuple[str, ...]:
    """Return the passphrase and, from the lines below it, earlier ones; raises as ``read_passphrase`` does."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & stat.S_IRWXO:
                raise WrongPassphrase(
                    f"everybody on this machine may read {path}: chmod 600 it, and choose another one"
                )
            lines = [line.rstrip(b"\r").decode() for line in file.read().split(b"\n")]
    except OSError as fault:
        raise WrongPassphrase(f"the passphrase cannot be read from {path}: {fault.strerror}") from None
    except UnicodeDecodeError:
        raise WrongPassphrase(f"the passphrase in {path} is not UTF-8") from None
    if not lines[0]:
        raise WrongPassphrase(f"the first line of {path} is empty: there is no passphrase")
    return tuple(filter(None, lines))
