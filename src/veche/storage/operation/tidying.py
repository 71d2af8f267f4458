"""Removing what a folder of backups no longer keeps: older whole backups of this server, contents that none shares."""

from veche.domain.operation.backups import Copy, superfluous
from veche.storage.operation.covers import Cover
from veche.storage.operation.faults import BackupFault, WrongPassphrase
from veche.storage.operation.manifests import open_backup
from veche.storage.operation.shelf import Shelf


def tidy(shelf: Shelf, cover: Cover, passphrase: str | None, server_name: str, keeps: int) -> list[str]:
    """Remove all but the newest ``keeps`` backups; return the names of those removed. The shelf must be held.

    What is not whole, of another server, or sealed with another passphrase is left alone.
    """
    doomed = superfluous([_copy(shelf, name, cover, passphrase, server_name) for name in shelf.names()], keeps)
    for name in doomed:
        shelf.remove(name)
    shelf.sweep(cover)
    return doomed


def _copy(shelf: Shelf, name: str, cover: Cover, passphrase: str | None, server_name: str) -> Copy:
    def given() -> str:
        if passphrase is None:
            raise WrongPassphrase("it is sealed")
        return passphrase

    try:
        manifest = open_backup(shelf.folder / name, given, cover).manifest
    except (BackupFault, OSError):
        return Copy(name, None)
    return Copy(name, manifest.made_ts if manifest.server_name == server_name else None)
