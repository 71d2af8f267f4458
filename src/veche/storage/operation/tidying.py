"""Removing what a folder of backups no longer keeps: older whole backups of this server, contents that none shares."""

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from veche.domain.operation.backups import Copy, superfluous
from veche.storage.operation.covers import Cover, Plain
from veche.storage.operation.faults import BackupFault, WrongPassphrase
from veche.storage.operation.manifests import group_of, open_backup
from veche.storage.operation.shelf import Shelf

_log = logging.getLogger("veche.backup")


def tidy(shelf: Shelf, cover: Cover, passphrases: Sequence[str], server_name: str, keeps: int) -> list[str]:
    """Remove all but the newest ``keeps`` backups; return the names of those removed. The shelf must be held.

    What is not whole, of another server, or sealed with a passphrase that is not among these is left alone.
    """
    covers = _Covers(cover, passphrases)
    doomed = superfluous([_copy(shelf.folder / name, covers, server_name) for name in shelf.names()], keeps)
    for name in doomed:
        shelf.remove(name)
    for known in covers.known():
        shelf.sweep(known)
    if covers.closed:
        text = "%s: %d backups are sealed with other passphrases and stay; below the first line of the passphrase file"
        _log.warning(f"{text} there is room for earlier ones", shelf.folder, covers.closed)
    return doomed


class _Covers:
    """How the backups of a shelf are kept, by group: opening one asks for much work, and many share it."""

    def __init__(self, cover: Cover, passphrases: Sequence[str]) -> None:
        self._by_group: dict[str, Cover | None] = {Plain.group: Plain(), cover.group: cover}
        self._passphrases = passphrases
        self.closed = 0

    def of(self, folder: Path) -> Cover:
        """Return the cover of a backup; raises ``WrongPassphrase`` where none of the passphrases opens it."""
        group = group_of(folder)
        if group not in self._by_group:
            self._by_group[group] = self._opened(folder)
        found = self._by_group[group]
        if found is None:
            self.closed += 1
            raise WrongPassphrase("it is sealed in another way")
        return found

    def known(self) -> list[Cover]:
        """Return the covers that could be opened."""
        return [cover for cover in self._by_group.values() if cover is not None]

    def _opened(self, folder: Path) -> Cover | None:
        for passphrase in self._passphrases:
            try:
                return open_backup(folder, partial(str, passphrase)).cover
            except WrongPassphrase:
                continue
        return None


def _copy(folder: Path, covers: _Covers, server_name: str) -> Copy:
    try:
        manifest = open_backup(folder, str, covers.of(folder)).manifest  # with its cover nothing is asked for
    except (BackupFault, OSError):
        return Copy(folder.name, None)
    return Copy(folder.name, manifest.made_ts if manifest.server_name == server_name else None)
