"""Thumbnails: their rows, those that could not be made too."""

from veche.domain.ids import Digest
from veche.domain.media.thumbnails import Thumbnail
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

_COLUMNS = "source, size_name, digest, size, content_type, fault, made_ts"


def find(rows: Rows, source: Digest, size_name: str) -> Thumbnail | None:
    """Return what is known of a thumbnail in that size."""
    row = rows.one(f"SELECT {_COLUMNS} FROM thumbnails WHERE source = ? AND size_name = ?", source, size_name)
    return Thumbnail(*row) if row else None


def put(tx: Transaction, made: Thumbnail) -> None:
    """Write down a thumbnail, or that it could not be made."""
    tx.run(
        f"INSERT INTO thumbnails ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (source, size_name) DO UPDATE SET"
        " digest = excluded.digest, size = excluded.size, content_type = excluded.content_type,"
        " fault = excluded.fault, made_ts = excluded.made_ts",
        made.source,
        made.size_name,
        made.digest,
        made.size,
        made.content_type,
        made.fault,
        made.made_ts,
    )


def drop_all(tx: Transaction, source: Digest) -> list[Digest]:
    """Forget all thumbnails of a source; return their contents."""
    found = tx.all("DELETE FROM thumbnails WHERE source = ? RETURNING digest", source)
    return [digest for (digest,) in found if digest is not None]
