"""Files: their rows, and what each person's come to. Who may read one is not known here."""

from typing import Any

from veche.domain.ids import UserId
from veche.domain.media import File, MediaId, Usage
from veche.storage.rows import Rows, all_in
from veche.storage.writer import Transaction

EVERYBODY = UserId("")
"""Under this name stands what the files of all come to."""
_COLUMNS = "media_id, user_id, created_ts, expires_ts, digest, size, content_type, file_name, is_loose, removed_ts"


def find(rows: Rows, media_id: MediaId) -> File | None:
    """Return a file's row."""
    row = rows.one(f"SELECT {_COLUMNS} FROM media WHERE media_id = ?", media_id)
    return _file(row) if row else None


def find_all(rows: Rows, ids: list[MediaId]) -> list[File]:
    """Return the rows of those files that exist."""
    found = all_in(rows, f"SELECT {_COLUMNS} FROM media WHERE media_id IN (??)", ids)
    return [_file(row) for row in found]


def page(rows: Rows, owner: UserId, before: tuple[int, str] | None, limit: int) -> list[File]:
    """Return somebody's files that are there, the newest first; ``before`` is time and id of the last one seen."""
    earlier = " AND (created_ts, media_id) < (?, ?)" if before else ""
    found = rows.all(
        f"SELECT {_COLUMNS} FROM media WHERE user_id = ? AND removed_ts IS NULL AND digest IS NOT NULL{earlier}"
        " ORDER BY created_ts DESC, media_id DESC LIMIT ?",
        owner,
        *(before or ()),
        limit,
    )
    return [_file(row) for row in found]


def add(tx: Transaction, file: File) -> None:
    """Add a file's row; one that has contents counts from now on."""
    tx.run(
        f"INSERT INTO media ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        file.media_id,
        file.owner,
        file.created_ts,
        file.expires_ts,
        file.digest,
        file.size,
        file.content_type,
        file.file_name,
        int(file.is_loose),
        file.removed_ts,
    )
    if file.digest is not None:
        _count(tx, file.owner, 1, file.size)


def fill(tx: Transaction, file: File) -> None:
    """Give a file that was announced its contents."""
    tx.run(
        "UPDATE media SET expires_ts = NULL, digest = ?, size = ?, content_type = ?, file_name = ? WHERE media_id = ?",
        file.digest,
        file.size,
        file.content_type,
        file.file_name,
        file.media_id,
    )
    _count(tx, file.owner, 1, file.size)


def bind(tx: Transaction, media_id: MediaId) -> None:
    """Note that its owner has referred to a file: it is no longer loose."""
    tx.run("UPDATE media SET is_loose = 0 WHERE media_id = ?", media_id)


def remove(tx: Transaction, file: File, now: int, why: str) -> None:
    """Mark a file as removed; its contents are deleted afterwards."""
    tx.run(
        "UPDATE media SET removed_ts = ?, removed_why = ?, expires_ts = NULL WHERE media_id = ?",
        now,
        why,
        file.media_id,
    )
    if file.digest is not None:
        _count(tx, file.owner, -1, -file.size)


def pending(rows: Rows, owner: UserId, now: int) -> int:
    """Return how many files somebody has announced and may still upload."""
    row = rows.one("SELECT COUNT(*) FROM media WHERE user_id = ? AND expires_ts > ?", owner, now)
    return int(row[0]) if row else 0


def expire(tx: Transaction, now: int, limit: int) -> int:
    """Mark files as removed that were announced and not uploaded in time; return how many."""
    found = tx.all(
        "UPDATE media SET removed_ts = ?, removed_why = 'expired', expires_ts = NULL WHERE media_id IN"
        " (SELECT media_id FROM media WHERE expires_ts <= ? LIMIT ?) RETURNING media_id",
        now,
        now,
        limit,
    )
    return len(found)


def usage(rows: Rows, owner: UserId = EVERYBODY) -> Usage:
    """Return what somebody's files come to, or, without a name, those of all."""
    row = rows.one("SELECT files, bytes FROM media_usage WHERE user_id = ?", owner)
    return Usage(row[0], row[1]) if row else Usage()


def _count(tx: Transaction, owner: UserId, files: int, size: int) -> None:
    for user in (owner, EVERYBODY):
        tx.run(
            "INSERT INTO media_usage (user_id, files, bytes) VALUES (?, ?, ?) ON CONFLICT (user_id) DO UPDATE SET"
            " files = media_usage.files + excluded.files, bytes = media_usage.bytes + excluded.bytes",
            user,
            files,
            size,
        )


def _file(row: tuple[Any, ...]) -> File:
    return File(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], bool(row[8]), row[9])
