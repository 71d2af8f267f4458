"""Filling an empty database from a backup: as a whole or not at all.

A backup of either engine fills a database of either; where both are the same nothing is translated.
"""

from collections.abc import Callable
from pathlib import Path

from veche.storage.engines import Engine, Run
from veche.storage.operation.manifests import Backup
from veche.storage.operation.plan import Filling
from veche.storage.schema import layout


def fill_database(engine: Engine, backup: Backup, finish: Callable[[Run], None], mark: str, work: Path) -> None:
    """Fill the database, let ``finish`` change it, and make it last.

    Raises ``Damaged`` where the backup is, ``BackupFault`` where the database is not empty, ``StorageFault``.
    """
    tables, indexes = layout(engine, backup.manifest.schema)
    filling = Filling(backup, tables, indexes, finish, mark, work)
    if engine.name == "sqlite":
        from veche.storage.operation import sqlite_filling

        sqlite_filling.fill(engine, filling)
    else:
        from veche.storage.operation import postgres_filling

        postgres_filling.fill(engine, filling)
