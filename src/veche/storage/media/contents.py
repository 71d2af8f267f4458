"""Which contents are still wanted: by a file that is there, or as a thumbnail of one."""

from collections.abc import Iterable

from veche.domain.ids import Digest
from veche.domain.media import MediaId
from veche.storage.rows import Rows, all_in
from veche.storage.writer import Transaction

_BY_FILES = "SELECT digest FROM media WHERE removed_ts IS NULL AND digest IN (??)"
_BY_THUMBNAILS = "SELECT digest FROM thumbnails WHERE digest IN (??)"


def wanted(rows: Rows, digests: Iterable[Digest]) -> set[Digest]:
    """Return those that are still wanted."""
    asked = list(digests)
    return {row[0] for sql in (_BY_FILES, _BY_THUMBNAILS) for row in all_in(rows, sql, asked)}


def has_file(rows: Rows, digest: Digest) -> bool:
    """Say whether a file that is there has these contents."""
    return rows.one("SELECT 1 FROM media WHERE digest = ? AND removed_ts IS NULL LIMIT 1", digest) is not None


def removed(rows: Rows, limit: int) -> list[tuple[MediaId, Digest]]:
    """Return (file, contents) of files that were removed and whose contents have not been dealt with, oldest first."""
    return rows.all(
        "SELECT media_id, digest FROM media WHERE removed_ts IS NOT NULL AND digest IS NOT NULL"
        " ORDER BY removed_ts LIMIT ?",
        limit,
    )


def forget(tx: Transaction, media_id: MediaId) -> None:
    """Note that the contents of a removed file have been dealt with."""
    tx.run("UPDATE media SET digest = NULL WHERE media_id = ? AND removed_ts IS NOT NULL", media_id)
