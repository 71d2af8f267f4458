"""Where a test's data lives: an empty folder, and a PostgreSQL database beside it where that engine is tested."""

from pathlib import Path

import msgspec

from tests.cast import SERVER
from veche.app.parts import open_engine
from veche.app.settings import Values, defaults
from veche.storage.engines import Engine

DEFAULTS: dict[str, str | int] = {
    "server_name": SERVER,
    "registration": "open",
    "rate_limits": "off",
    "presence": "off",
    "search": "off",
}
"""Settings of every server under test that asks for nothing else.

Presence tells of every coming and going a second later; tests that are not about it wait for other news. An indexing
process beside each server would only take time.
"""


PATIENCE_SECONDS = 30.0
"""How long a snapshot may be held where that is not the subject: a machine that runs many tests at once has pauses."""


def open_patiently(values: Values, data: Path) -> Engine:
    """Open an engine whose snapshots may be held for longer than the product's."""
    engine = open_engine(values, data)
    engine.longest_read = PATIENCE_SECONDS
    return engine


class Place(msgspec.Struct, frozen=True):
    """One test's data folder; ``database`` is empty for SQLite."""

    data: Path
    database: str

    def engine(self) -> Engine:
        """Open an engine on this place."""
        return open_engine(defaults() | {"database": self.database}, self.data)
