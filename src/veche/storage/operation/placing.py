"""Putting files into a backup's folder: covered as all of it is, hashed, and on the disk."""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from veche.domain.operation.backups import StoredFile, is_safe
from veche.storage.operation.covers import PART, Cover
from veche.storage.operation.files import SYNCED_AT_ONCE, Written, make_folder, sync_file, sync_folder, write_file
from veche.storage.operation.pace import Pace


class Placing:
    """The files of one backup; ``files`` is what the manifest will say of them."""

    def __init__(self, folder: Path, cover: Cover, pace: Pace) -> None:
        self.files: list[StoredFile] = []
        self._folder = folder
        self._cover = cover
        self._pace = pace
        self._touched: set[Path] = set()

    def finish(self) -> None:
        """See to it that the names of all files last."""
        for folder in self._touched:
            sync_folder(folder)

    def place_all(self, folder: Path, *, moves: bool = False) -> None:
        """Place every file in a folder, and in those below it."""
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            if path.is_file() and is_safe(name):
                self.place(name, path, moves=moves)

    def place(self, name: str, source: Path, *, moves: bool = False) -> None:
        """Place one file under a name; one that may be moved is not copied where that can be helped."""
        target = self._folder / (f"{len(self.files):03d}" if self._cover.is_sealed else name)
        make_folder(target.parent)
        if moves and not self._cover.is_sealed and source.stat().st_dev == target.parent.stat().st_dev:
            os.rename(source, target)
            written = _known(target, self._pace)
        else:
            self._pace.expect_room(target.parent, source.stat().st_size)
            written = write_file(target, name, _parts(source), self._cover, self._pace)
        self._touched.add(target.parent)
        stored = str(target.relative_to(self._folder))
        self.files.append(StoredFile(name, stored, written.size, written.sha256))


def _known(path: Path, pace: Pace) -> Written:
    """Return what a file that is in place already comes to, once it is on the disk."""
    found, size, unpaced = sha256(), 0, 0
    pace.begin()
    for part in _parts(path):
        found.update(part)
        size += len(part)
        unpaced += len(part)
        if unpaced >= SYNCED_AT_ONCE:
            pace.beat(unpaced)
            unpaced = 0
    sync_file(path)
    pace.beat(unpaced)
    return Written(size, found.hexdigest())


def _parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(PART):
            yield part
