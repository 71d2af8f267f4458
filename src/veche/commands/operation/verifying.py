"""Verifying a backup: it is put back into a temporary place and compared with what it says of itself."""

from collections.abc import Callable, Iterator
from pathlib import Path

from veche.storage.engines import Engine, Run, StorageFault
from veche.storage.operation.checking import faults
from veche.storage.operation.faults import BackupFault, Damaged, explained
from veche.storage.operation.filling import fill_database
from veche.storage.operation.manifests import Backup, expect_names

_NO_MARK = ""


def verify(backup: Backup, engine: Engine, work: Path, tell: Callable[[str], None]) -> Iterator[str]:
    """Say in sentences what is wrong with a backup; nothing where it is whole.

    ``engine`` opens an SQLite database, which need not exist, in the folder ``work``: a backup of PostgreSQL is put
    into one as well.
    """
    with explained(backup.folder):
        tell("files")
        damaged = list(_files(backup))
        yield from damaged
        if not damaged:
            tell("the database")
            yield from _database(backup, engine, work)
        tell("the contents of files")
        yield from _contents(backup)


def _files(backup: Backup) -> Iterator[str]:
    for file in backup.manifest.files:
        try:
            for _ in backup.parts(file):
                continue
        except Damaged as fault:
            yield str(fault)
    try:
        expect_names(backup)
    except Damaged as fault:
        yield str(fault)


def _database(backup: Backup, engine: Engine, work: Path) -> Iterator[str]:
    found: list[str] = []

    def compare(run: Run) -> None:
        found.extend(faults(run, backup.manifest, list(backup.contents())))

    try:
        fill_database(engine, backup, compare, _NO_MARK, work)
    except (BackupFault, StorageFault) as fault:
        yield f"the database cannot be put back: {fault}"
    yield from found


def _contents(backup: Backup) -> Iterator[str]:
    try:
        for kept in backup.present():
            try:
                for _ in backup.content_parts(kept):
                    continue
            except Damaged as fault:
                yield f"the file {fault}"
    except Damaged as fault:
        yield str(fault)
