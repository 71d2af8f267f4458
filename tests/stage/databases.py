"""Where a test's data lives: an empty folder, and a PostgreSQL database beside it where that engine is tested."""

from pathlib import Path

import msgspec

from tests.cast import SERVER
from veche.app.parts import open_engine
from veche.app.settings import defaults
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


class Place(msgspec.Struct, frozen=True):
    """One test's data folder; ``database`` is empty for SQLite."""

    data: Path
    database: str

    def engine(self) -> Engine:
        """Open an engine on this place."""
        return open_engine(defaults() | {"database": self.database}, self.data)
