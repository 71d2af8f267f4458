"""Passphrases that stand in a file: its first line. One that everybody may read is none."""

import os
import stat
from pathlib import Path

from veche.storage.operation.faults import WrongPassphrase


def read_passphrase(path: Path) -> str:
    """Return the passphrase; raises ``WrongPassphrase`` where the file holds none."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & stat.S_IRWXO:
                raise WrongPassphrase(
                    f"everybody on this machine may read {path}: chmod 600 it, and choose another one"
                )
            line = file.read().partition(b"\n")[0].rstrip(b"\r")
        passphrase = line.decode()
    except OSError as fault:
        raise WrongPassphrase(f"the passphrase cannot be read from {path}: {fault.strerror}") from None
    except UnicodeDecodeError:
        raise WrongPassphrase(f"the passphrase in {path} is not UTF-8") from None
    if not passphrase:
        raise WrongPassphrase(f"the first line of {path} is empty: there is no passphrase")
    return passphrase
