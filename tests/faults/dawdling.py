"""The ``veche`` command whose backups and restores take their time: ``python -m tests.faults.dawdling backup …``."""

import time
from typing import Any
from unittest.mock import patch

from veche.app.cli import main
from veche.commands.operation import restoring
from veche.storage.operation.files import NewFile
from veche.storage.operation.pace import Pace

SECONDS = 0.03

_rest, _finish, _bring = Pace.rest, NewFile.finish, restoring._bring  # noqa: SLF001


def _long_rest(self: Pace, seconds: float) -> None:
    _rest(self, seconds)
    time.sleep(SECONDS)


def _long_finish(self: NewFile) -> object:
    time.sleep(SECONDS)
    return _finish(self)


async def _long_bring(*params: Any) -> None:
    time.sleep(SECONDS)  # noqa: ASYNC251 (nobody else is served by a restore)
    await _bring(*params)


if __name__ == "__main__":
    patches = (
        patch.object(Pace, "rest", _long_rest),
        patch.object(NewFile, "finish", _long_finish),
        patch.object(restoring, "_bring", _long_bring),
    )
    with patches[0], patches[1], patches[2]:
        main()
