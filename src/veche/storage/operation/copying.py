"""Copying the whole database as of one moment into files, while commands go on. Runs on a thread of its own."""

from collections.abc import Callable
from pathlib import Path

from veche.domain.operation.backups import Table
from veche.storage.engines import Connection
from veche.storage.operation.pace import Pace
from veche.storage.writer import Writer

Look = Callable[[Connection], None]
"""Reads what else is wanted of that same moment."""


def copy_database(writer: Writer, folder: Path, pace: Pace, look: Look) -> dict[str, Table]:
    """Copy everything into files in ``folder``, which is empty; return the tables.

    Raises ``StorageFault``, ``StorageFull``, ``NoRoom`` or ``Stopped``; the files are whole only after the return.
    """
    if writer.engine.name == "sqlite":
        from veche.storage.operation import sqlite_copying

        with writer.copying() as between:
            return sqlite_copying.copy_database(folder, between, pace, look)
    from veche.storage.operation import postgres_copying

    return postgres_copying.copy_database(writer.engine, folder, pace, look)
