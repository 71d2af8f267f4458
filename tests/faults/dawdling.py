"""The ``veche`` command whose backups and restores take their time: ``python -m tests.faults.dawdling backup …``."""

import time
from unittest.mock import patch

from veche.app.cli import main
from veche.storage.operation.files import NewFile
from veche.storage.operation.pace import Pace

SECONDS = 0.03

_rest, _finish = Pace.rest, NewFile.finish


def _long_rest(self: Pace, seconds: float) -> None:
    _rest(self, seconds)
    time.sleep(SECONDS)


def _long_finish(self: NewFile) -> object:
    time.sleep(SECONDS)
    return _finish(self)


if __name__ == "__main__":
    with patch.object(Pace, "rest", _long_rest), patch.object(NewFile, "finish", _long_finish):
        main()
