"""Makes many messages of a few while no server runs: what matters is how many rows there are and how long they are."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

_COLUMNS = (
    "room_id, type, state_key, sender, ts, json, thread, device_id, txn_path, replaces, redaction, main_notify,"
    " main_highlight"
)
_DOUBLE = (
    f"INSERT INTO events (position, event_id, txn_id, {_COLUMNS})"
    " SELECT position + {shift}, SUBSTR(event_id, 1, 30) || CAST(position + {shift} AS TEXT),"
    f" SUBSTR(txn_id, 1, 4) || '-' || CAST(position + {{shift}} AS TEXT), {_COLUMNS}"
    " FROM events WHERE type = 'm.room.message' AND position <= {last}"
)
_COUNT = (
    "SELECT COUNT(*), COALESCE(MAX(position), 0), COALESCE(MIN(position), 0) FROM events WHERE type = 'm.room.message'"
)


class Database(Protocol):
    """What both drivers' connections can do."""

    def execute(self, sql: Any) -> Any:
        """Run a statement."""


def multiply_messages(data: Path, address: str, wanted: int) -> None:
    """Leaves `wanted` messages in the database of a data folder, or in the one at `address`."""
    with opened(data, address) as database:
        _multiply(database, wanted)
        if address:
            database.execute("ANALYZE events")


@contextlib.contextmanager
def opened(data: Path, address: str) -> Iterator[Database]:
    """The database of a data folder, or the one at `address`, in a transaction."""
    if address:
        import psycopg  # only a run on PostgreSQL needs the driver

        with psycopg.connect(address) as connection:
            yield connection
        return
    import apsw

    database = apsw.Connection(str(data / "veche.sqlite3"))
    database.pragma("cache_size", -500_000)
    with database:
        yield database
    database.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    database.close()


def _multiply(database: Database, wanted: int) -> None:
    """Doubles what is there, each copy behind all others, until there is enough."""
    count, last, first = database.execute(_COUNT).fetchone()
    while count < wanted:
        end = last if 2 * count <= wanted else first + (last - first) * (wanted - count) // count
        database.execute(_DOUBLE.format(shift=last - first + 1, last=end))
        count, last, first = database.execute(_COUNT).fetchone()
    database.execute(f"UPDATE log_head SET position = {last}")
