"""What an empty database is filled with: a backup, and what belongs into the same transaction."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from veche.storage.engines import Run
from veche.storage.operation.manifests import Backup


class Filling(msgspec.Struct, frozen=True):
    """What a database is filled with and how.

    ``finish`` runs in the same transaction. ``mark`` tells a database that an earlier try of the same restore has
    filled already; it is filled anew. ``work`` is a folder for what is needed meanwhile.
    """

    backup: Backup
    tables: list[str]
    indexes: list[str]
    finish: Callable[[Run], None]
    mark: str
    work: Path
