"""Making a backup, step by step: first the database, then the contents that it refers to, last the manifest.

Everything here runs on one thread of its own (``aside``), one step at a time.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from veche.domain.ids import Digest
from veche.domain.operation.backups import FORMAT, KEYS, SETTINGS, Contents, Kept, Manifest, Wish
from veche.storage.engines import Connection
from veche.storage.operation.copying import copy_database
from veche.storage.operation.files import NewFile, make_folder, sync_file, sync_folder, write_private
from veche.storage.operation.manifests import write_manifest
from veche.storage.operation.names import LIST, NAMES
from veche.storage.operation.pace import Pace
from veche.storage.operation.passphrases import read_passphrases
from veche.storage.operation.placing import Placing
from veche.storage.operation.shelf import Shelf
from veche.storage.operation.standing import contents, head, schema
from veche.storage.operation.tidying import tidy
from veche.storage.operation.work import clear_work, work_folder
from veche.storage.writer import Writer

SYNCED_AT_ONCE = 64
"""Contents that are waited for together: one by one, small ones would take longer than large ones."""


class Making:
    """One backup under way on a shelf. ``begin`` comes first, ``close`` last, whatever happened between."""

    def __init__(self, shelf: Shelf, data: Path, pace: Pace, now: int) -> None:
        self._shelf = shelf
        self._data = data
        self._work = work_folder(data)
        self._pace = pace
        self._now = now
        self._ending = contextlib.ExitStack()
        self._written: list[Path] = []
        self._touched: set[Path] = set()
        self._missing: list[Digest] = []

    def begin(self, wish: Wish) -> None:
        """Hold the shelf, clear away what earlier backups left unfinished, and find the key."""
        passphrases: tuple[str, ...] = () if wish.passphrase is None else (wish.passphrase,)
        if wish.passphrase_file:
            passphrases = read_passphrases(Path(wish.passphrase_file))
        self._ending.enter_context(self._shelf.held())
        self._shelf.clear()
        self._passphrases = passphrases
        self._cover = self._shelf.cover(passphrases[0] if passphrases else None)
        self._folder = self._shelf.begin(datetime.fromtimestamp(self._now / 1000, UTC))
        self._ending.callback(shutil.rmtree, self._folder, ignore_errors=True)
        clear_work(self._data)
        self._work.mkdir(0o700)
        self._ending.callback(clear_work, self._data)
        self._ending.callback(self._drop_unsettled)
        self._placing = Placing(self._folder, self._cover, self._pace)

    def copy(self, writer: Writer) -> None:
        """Copy the database, and note which contents it refers to."""
        copied = self._work / "database"
        copied.mkdir(0o700)
        self._engine = writer.engine.name
        self._tables = copy_database(writer, copied, self._pace, self._look)
        self._placing.place_all(copied, moves=True)

    def place(self) -> None:
        """Place what else of the data folder belongs into a backup."""
        for name in (SETTINGS, *(f"{KEYS}/{key.name}" for key in sorted((self._data / KEYS).glob("*")))):
            if (self._data / name).is_file():
                self._placing.place(name, self._data / name)
        self._placing.place(LIST, self._work / LIST)
        self._placing.finish()

    def absent(self) -> list[Kept]:
        """Return the contents that no earlier backup has brought here."""
        found = [kept for kept in self._listed() if not self._is_here(kept)]
        self._pace.expect_room(self._shelf.folder, sum(kept.size for kept in found))
        return found

    def new_content(self, kept: Kept) -> NewFile:
        """Begin to write a content."""
        path = self._shelf.content(self._cover, kept.digest)
        make_folder(path.parent)
        return NewFile(_beside(path), kept.digest, self._cover, self._pace, lasts=False)

    def keep_content(self, kept: Kept, file: NewFile) -> None:
        """Take a content that was written; it is waited for together with others."""
        file.finish()
        self._written.append(self._shelf.content(self._cover, kept.digest))
        if len(self._written) == SYNCED_AT_ONCE:
            self._settle()

    def miss_content(self, kept: Kept, file: NewFile) -> None:
        """Note that the store has lost a content."""
        file.discard()
        self._missing.append(kept.digest)

    def finish(self, version: str, server_name: str, now: int) -> tuple[Manifest, Path]:
        """Write the manifest and give the backup its name."""
        self._settle()
        for folder in self._touched:
            sync_folder(folder)
        if self._cover.is_sealed:
            names = "".join(f"{self._cover.name_of(kept.digest)}\n" for kept in self._listed())
            write_private(self._folder / NAMES, names.encode())
        manifest = Manifest(
            format=FORMAT,
            version=version,
            server_name=server_name,
            begun_ts=self._now,
            made_ts=now,
            engine="sqlite" if self._engine == "sqlite" else "postgres",
            schema=self._schema,
            position=self._head,
            tables=self._tables,
            files=tuple(self._placing.files),
            contents=Contents(self._count, self._bytes, tuple(self._missing)),
        )
        write_manifest(self._folder, manifest, self._cover)
        return manifest, self._shelf.finish(self._folder)

    def tidy(self, server_name: str, keeps: int) -> list[str]:
        """Remove what the shelf no longer keeps; return the names of the backups that are gone."""
        return tidy(self._shelf, self._cover, self._passphrases, server_name, keeps)

    def close(self) -> None:
        """Remove what is not finished, and let go of the shelf."""
        self._ending.close()

    def _settle(self) -> None:
        """Wait until contents are on the disk, and give them their names."""
        self._pace.begin()
        for path in self._written:
            sync_file(_beside(path))
        for path in self._written:
            os.replace(_beside(path), path)
            self._touched.add(path.parent)
        self._written.clear()
        self._pace.beat()

    def _drop_unsettled(self) -> None:
        for path in self._written:
            _beside(path).unlink(missing_ok=True)

    def _look(self, connection: Connection) -> None:
        self._head, self._schema = head(connection.rows), schema(connection.rows)
        self._count = self._bytes = 0
        with (self._work / LIST).open("wb") as file:
            for kept in contents(connection.rows):
                file.write(f"{kept.digest} {kept.size}\n".encode())
                self._count += 1
                self._bytes += kept.size

    def _listed(self) -> Iterator[Kept]:
        with (self._work / LIST).open() as lines:
            for line in lines:
                digest, size = line.split()
                yield Kept(Digest(digest), int(size))

    def _is_here(self, kept: Kept) -> bool:
        try:
            found = self._shelf.content(self._cover, kept.digest).stat().st_size
        except FileNotFoundError:
            return False
        return found == self._cover.size_of(kept.size)


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".new")
