"""The parts of a server that differ between the real one and one under test: clock, hashing, images, writer, database,
files."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from veche.app.settings import Values
from veche.app.stores import open_blobs
from veche.commands.context import Hashing, Imaging
from veche.integrations.hashing import Argon2
from veche.integrations.imaging.jobs import Imaging as ImagingJobs
from veche.storage.blobs import Blobs
from veche.storage.engines import Engine
from veche.storage.writer import Tell, Writer


class HashingPool(Hashing, Protocol):
    """Hashing that can be ended."""

    def close(self) -> None:
        """End it."""


def now_ms() -> int:
    """Return the time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def open_engine(values: Values, data: Path) -> Engine:
    """Return the engine that the settings name; a driver is loaded only when it is needed."""
    if values["database"]:
        from veche.storage.engines.postgres import PostgresEngine

        return PostgresEngine(values["database"])
    from veche.storage.engines.sqlite import SqliteEngine

    return SqliteEngine(data / "veche.sqlite3")


class ImagingProcess(Imaging, Protocol):
    """Imaging that can be ended."""

    async def close(self) -> None:
        """End it."""


class Parts(msgspec.Struct, frozen=True):
    """What makes each of them."""

    clock: Callable[[], int] = now_ms
    hashing: Callable[[], HashingPool] = Argon2
    writer: Callable[[Engine, Tell], Writer] = Writer
    open_engine: Callable[[Values, Path], Engine] = open_engine
    open_blobs: Callable[[Values, Path], Blobs] = open_blobs
    imaging: Callable[[], ImagingProcess] = ImagingJobs


REAL = Parts()
