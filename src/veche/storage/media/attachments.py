"""Where files are referred to: by events, and by profiles."""

from typing import Literal

from veche.domain.ids import Position, RoomId, UserId
from veche.domain.media import MediaId
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

Kind = Literal["", "room", "member"]
"""Whether an event is a room's picture, somebody's membership, or anything else."""


def attach_to_event(
    tx: Transaction, media_id: MediaId, room: RoomId, position: Position, kind: Kind, *, is_own: bool, is_open: bool
) -> None:
    """Note that an event refers to a file: its owner's (``is_own``), one that the world may read (``is_open``)."""
    tx.run(
        "INSERT INTO media_in_rooms (media_id, room_id, position, kind, is_own, is_open) VALUES (?, ?, ?, ?, ?, ?)",
        media_id,
        room,
        position,
        kind,
        int(is_own),
        int(is_open),
    )


def detach_from_event(tx: Transaction, position: Position) -> list[MediaId]:
    """Forget what an event referred to, and return it."""
    return [row[0] for row in tx.all("DELETE FROM media_in_rooms WHERE position = ? RETURNING media_id", position)]


def attach_to_profile(tx: Transaction, user: UserId, media_id: MediaId) -> None:
    """Note that somebody's profile shows a file."""
    tx.run(
        "INSERT INTO media_in_profiles (user_id, media_id) VALUES (?, ?)"
        " ON CONFLICT (user_id) DO UPDATE SET media_id = excluded.media_id",
        user,
        media_id,
    )


def detach_from_profile(tx: Transaction, user: UserId) -> MediaId | None:
    """Forget what somebody's profile shows, and return it."""
    row = tx.one("DELETE FROM media_in_profiles WHERE user_id = ? RETURNING media_id", user)
    return row[0] if row else None


def in_profile(rows: Rows, user: UserId) -> MediaId | None:
    """Return the file that somebody's profile shows."""
    row = rows.one("SELECT media_id FROM media_in_profiles WHERE user_id = ?", user)
    return row[0] if row else None


def is_shown_by_owner(rows: Rows, media_id: MediaId, owner: UserId) -> bool:
    """Say whether a file is in an event of its owner's, or in their profile."""
    row = rows.one(
        "SELECT 1 FROM media_in_rooms WHERE media_id = ? AND is_own = 1 UNION ALL"
        " SELECT 1 FROM media_in_profiles WHERE media_id = ? AND user_id = ? LIMIT 1",
        media_id,
        media_id,
        owner,
    )
    return row is not None


def clear(tx: Transaction, media_id: MediaId, limit: int) -> bool:
    """Forget some of what refers to a removed file; say whether that was all."""
    tx.run("DELETE FROM media_in_profiles WHERE media_id = ?", media_id)
    gone = tx.all(
        "DELETE FROM media_in_rooms WHERE media_id = ? AND position IN"
        " (SELECT position FROM media_in_rooms WHERE media_id = ? LIMIT ?) RETURNING 1",
        media_id,
        media_id,
        limit,
    )
    return len(gone) < limit
