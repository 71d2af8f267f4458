"""A folder of backups: each in a folder of its own, and beside them the contents of files, which they share.

``veche-…`` is a whole backup, ``veche-….partial`` one that is being made, was never finished or is being removed.
"""

import contextlib
import errno
import fcntl
import logging
import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from veche.domain.ids import Digest, is_digest
from veche.domain.operation.backups import is_name, name_of
from veche.storage.operation.covers import Cover, Plain
from veche.storage.operation.faults import BackupFault, WrongPassphrase
from veche.storage.operation.files import make_folder, sync_folder, write_private
from veche.storage.operation.manifests import expect_names, group_of, names_in, open_backup, read_key, written_key
from veche.storage.operation.names import CONTENTS, KEY

_CANNOT = {errno.EINVAL, errno.ENOLCK, errno.ENOTSUP}  # shares of other systems know no locks
_PARTIAL = ".partial"
_log = logging.getLogger("veche.backup")


class Shelf:
    """One folder of backups."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Make the folder where it is missing, and keep others from writing into it."""
        make_folder(self.folder)
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor, self.folder)
            yield
        finally:
            os.close(descriptor)

    def names(self) -> list[str]:
        """Return the names of all backups that were finished, the oldest first."""
        return sorted(entry.name for entry in self.folder.iterdir() if is_name(entry.name) and entry.is_dir())

    def newest(self) -> Path | None:
        """Return the newest backup that was finished."""
        names = self.names() if self.folder.is_dir() else []
        return self.folder / names[-1] if names else None

    def clear(self) -> None:
        """Remove what was begun and never finished, and what was half removed."""
        for entry in self.folder.iterdir():
            if entry.name.endswith(_PARTIAL) and is_name(entry.name.removesuffix(_PARTIAL)):
                _log.warning("what is left of the unfinished backup %s is removed", entry)
                shutil.rmtree(entry)

    def begin(self, moment: datetime) -> Path:
        """Make the folder of a new backup; ``moment`` (UTC) names it."""
        begun = self.folder / (name_of(moment, self.names()) + _PARTIAL)
        begun.mkdir(0o700)
        return begun

    def finish(self, begun: Path) -> Path:
        """Give a backup its name, now that all of it is on the disk."""
        finished = begun.with_name(begun.name.removesuffix(_PARTIAL))
        sync_folder(begun)
        begun.rename(finished)
        sync_folder(self.folder)
        return finished

    def remove(self, name: str) -> None:
        """Remove a backup; one that is half removed does not look like a whole one."""
        doomed = self.folder / (name + _PARTIAL)
        (self.folder / name).rename(doomed)
        shutil.rmtree(doomed)

    def cover(self, passphrase: str | None) -> Cover:
        """Return how new files are kept: as the sealed ones there are, if the passphrase opens their key."""
        if passphrase is None:
            return Plain()
        from veche.storage.operation.sealing import new_seal, opened

        for found in sorted(self.folder.glob(f"{CONTENTS}/*/{KEY}")):
            try:
                return opened(read_key(found.read_bytes()), passphrase)
            except WrongPassphrase:
                continue
            except BackupFault as fault:
                _log.warning("%s: %s", found, fault)
        seal = new_seal(passphrase)
        make_folder(self.folder / CONTENTS / seal.group)
        write_private(self.folder / CONTENTS / seal.group / KEY, written_key(seal.sealed))
        return seal

    def content(self, cover: Cover, digest: Digest) -> Path:
        """Return where a content lies."""
        name = cover.name_of(digest)
        return self.folder / CONTENTS / cover.group / name[:2] / name

    def sweep(self, cover: Cover) -> int:
        """Remove contents so covered that no backup speaks of; return how many. Nobody else may be writing."""
        wanted = set[str]()
        try:
            for name in self.names():
                if group_of(self.folder / name) == cover.group:
                    expect_names(open_backup(self.folder / name, _unasked, cover))
                    wanted |= names_in(self.folder / name)
        except (OSError, BackupFault) as fault:  # whose contents it shares nobody can say
            _log.warning("no contents are swept from %s: %s", self.folder, fault)
            return 0
        return sum(_removed(path) for path in self._contents(cover.group) if path.name not in wanted)

    def _contents(self, group: str) -> Iterator[Path]:
        for folder in sorted((self.folder / CONTENTS / group).glob("[0-9a-f][0-9a-f]")):
            for entry in os.scandir(folder):
                if is_digest(entry.name) or entry.name.endswith(".new"):
                    yield Path(entry.path)


def _unasked() -> str:
    raise WrongPassphrase("it is sealed in another way")


def _removed(path: Path) -> int:
    path.unlink()
    return 1


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BackupFault(f"another backup is being written to {folder}") from None
    except OSError as fault:
        if fault.errno not in _CANNOT:
            raise
