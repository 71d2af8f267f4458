"""The ``veche`` command with something planted: ``python -m tests.faults.planted BUG serve …``."""

import signal
import sys
from contextlib import ExitStack
from functools import partial
from typing import Any
from unittest.mock import patch

from tests.faults.bugs import plant
from tests.faults.vfs import Disk
from veche.app.cli import main
from veche.storage.engines.sqlite import SqliteEngine


def plant_failing_disk(stack: ExitStack) -> None:
    """Put the database on a disk that fails to sync from SIGUSR1 on."""
    disk = Disk()

    def fail(*_: Any) -> None:
        disk.fails_to_sync = True

    signal.signal(signal.SIGUSR1, fail)
    stack.enter_context(patch("veche.storage.engines.sqlite.SqliteEngine", partial(SqliteEngine, vfs=disk.name)))


if __name__ == "__main__":
    with ExitStack() as planted:
        bug = sys.argv.pop(1)
        if bug == "failing_disk":
            plant_failing_disk(planted)
        else:
            plant(bug, planted)
        main()
