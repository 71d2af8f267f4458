"""Putting a backup's files into a new data folder, which cannot be used before all of it is there.

Whatever lies in the folder from an earlier try of a restore is removed.
"""

import os
import shutil
from pathlib import Path

from veche.domain.operation.backups import KEYS, SETTINGS, UNFINISHED
from veche.storage.operation.covers import Plain
from veche.storage.operation.faults import BackupFault
from veche.storage.operation.files import make_folder, sync_folder, write_file, write_private
from veche.storage.operation.manifests import Backup
from veche.storage.operation.pace import Pace

LOCK = "lock"


class NewPlace:
    """A data folder into which a backup is put. Whoever uses this holds the folder's lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self) -> str:
        """Mark the folder as unfinished and return the mark; raises ``BackupFault`` where something else lies in it."""
        path = self.folder / UNFINISHED
        there = sorted(entry.name for entry in self.folder.iterdir() if entry.name != LOCK)
        if there and UNFINISHED not in there:
            raise BackupFault(f"{self.folder} is not empty: there is {there[0]}")
        mark = path.read_text().strip() if path.exists() else os.urandom(16).hex()
        write_private(path, f"{mark}\n".encode())
        self._clear()
        return mark

    def place_files(self, backup: Backup) -> None:
        """Write the keys and the settings."""
        for file in backup.manifest.files:
            if file.name == SETTINGS or file.name.startswith(f"{KEYS}/"):
                path = self.folder / file.name
                make_folder(path.parent)
                write_file(path, file.name, backup.parts(file), Plain(), Pace(hurries=True))
                sync_folder(path.parent)

    def finish(self) -> None:
        """From now on the folder can be used."""
        sync_folder(self.folder)
        (self.folder / UNFINISHED).unlink()
        sync_folder(self.folder)

    def abandon(self) -> None:
        """Leave the folder as empty as it was."""
        self._clear()
        (self.folder / UNFINISHED).unlink(missing_ok=True)

    def _clear(self) -> None:
        for entry in self.folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name not in (LOCK, UNFINISHED):
                entry.unlink()
