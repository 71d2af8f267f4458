"""Filling a database: only an empty one."""

from pathlib import Path
from typing import cast

import pytest

from veche.storage.engines.sqlite import SqliteEngine
from veche.storage.operation import sqlite_filling
from veche.storage.operation.faults import BackupFault
from veche.storage.operation.plan import Filling


def test_a_database_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "x.sqlite3").write_bytes(b"mine")
    filling = cast(Filling, type("Nothing", (), {"backup": None}))
    with pytest.raises(BackupFault, match="exists already"):
        sqlite_filling.fill(SqliteEngine(tmp_path / "x.sqlite3"), filling)
    assert (tmp_path / "x.sqlite3").read_bytes() == b"mine"
