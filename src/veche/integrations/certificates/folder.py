"""The folder of keys and certificates. A pair changes as a whole or not at all, whenever the power goes.

Everything in it is for its owner only. What the files hold is not judged here.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from veche.integrations.certificates import BadCertificate

_NEW = ".new"


class Files(msgspec.Struct, frozen=True):
    """Where one pair lies."""

    certificate: Path
    key: Path


class Folder:
    """Holds pairs by name: ``ca``, ``leaf``, ``given``. Only one process at a time writes into it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def files(self, name: str) -> Files:
        """Say where a pair lies or would lie."""
        return Files(self.path / f"{name}.crt", self.path / f"{name}.key")

    def settle(self, name: str) -> None:
        """Finish or forget a write that was interrupted, and close the files to everybody else."""
        files, new = self.files(name), self._new_files(name)
        if new.certificate.exists() and not new.key.exists():  # the key is in place: the pair had been decided for
            os.replace(new.certificate, files.certificate)
        self._forget(new)
        for path in (files.certificate, files.key):
            if path.exists():
                path.chmod(0o600)

    def read(self, name: str) -> tuple[bytes, bytes] | None:
        """Return certificate and key, or None where there is neither; raises ``BadCertificate`` for a half."""
        files = self.files(name)
        found = [self._read(files.certificate), self._read(files.key)]
        if found[0] is None and found[1] is None:
            return None
        for path, text, other in ((files.certificate, found[0], files.key), (files.key, found[1], files.certificate)):
            if text is None:
                raise BadCertificate(f"{path} is missing beside {other.name}")
        return found[0] or b"", found[1] or b""

    def write(self, name: str, certificate: bytes, key: bytes, check: Callable[[Files], None]) -> None:
        """Replace a pair. ``check`` looks at the new files first; where it raises, the old ones stay.

        The key's renaming decides: ``settle`` finishes what was interrupted after it.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        files, new = self.files(name), self._new_files(name)
        self._forget(new)
        try:
            _write(new.key, key)
            self._sync()
            _write(new.certificate, certificate)
            check(new)
            self._sync()
        except BaseException:
            with contextlib.suppress(OSError):
                self._forget(new)
            raise
        os.replace(new.key, files.key)
        self._sync()
        os.replace(new.certificate, files.certificate)
        self._sync()

    def _new_files(self, name: str) -> Files:
        files = self.files(name)
        return Files(
            files.certificate.with_name(files.certificate.name + _NEW), files.key.with_name(files.key.name + _NEW)
        )

    def _forget(self, new: Files) -> None:
        """Remove what was not decided for. A new certificate without its key would mean the opposite: it goes first."""
        for path in (new.certificate, new.key):
            if path.exists():
                path.unlink()
                self._sync()

    def _read(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise BadCertificate(f"{path} cannot be read: {fault.strerror}") from None

    def _sync(self) -> None:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write(path: Path, text: bytes) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
