"""Short links: their rows. Those that were ended stay, and are found no more."""

from typing import Any

from veche.domain.ids import UserId
from veche.domain.media import Link, MediaId
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

_LINK = (
    "SELECT l.short, l.media_id, l.user_id, l.created_ts, m.file_name FROM media_links l"
    " JOIN media m ON m.media_id = l.media_id AND m.removed_ts IS NULL WHERE l.revoked_ts IS NULL"
)


def find(rows: Rows, short: str) -> Link | None:
    """Return a link that leads somewhere."""
    row = rows.one(f"{_LINK} AND l.short = ?", short)
    return Link(*row) if row else None


def of_file(rows: Rows, media_id: MediaId, creator: UserId) -> Link | None:
    """Return somebody's link to a file."""
    row = rows.one(f"{_LINK} AND l.media_id = ? AND l.user_id = ?", media_id, creator)
    return Link(*row) if row else None


def page(rows: Rows, creator: UserId | None, before: tuple[int, str] | None, limit: int) -> list[Link]:
    """Return somebody's links, or those of all, the newest first; ``before`` is time and text of the last one seen."""
    sql, params = _LINK, list[Any]()
    if creator is not None:
        sql += " AND l.user_id = ?"
        params.append(creator)
    if before is not None:
        sql += " AND (l.created_ts, l.short) < (?, ?)"
        params += before
    return [Link(*row) for row in rows.all(f"{sql} ORDER BY l.created_ts DESC, l.short DESC LIMIT ?", *params, limit)]


def add(tx: Transaction, link: Link) -> bool:
    """Add a link; say False where its text is taken."""
    row = tx.one(
        "INSERT INTO media_links (short, media_id, user_id, created_ts) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (short) DO NOTHING RETURNING 1",
        link.short,
        link.media_id,
        link.creator,
        link.created_ts,
    )
    return row is not None


def revoke(tx: Transaction, short: str, by: UserId, now: int) -> None:
    """End a link."""
    tx.run("UPDATE media_links SET revoked_ts = ?, revoked_by = ? WHERE short = ?", now, by, short)
