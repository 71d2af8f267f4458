"""Tokens that serve for one thing and a short time: their rows. Only SHA-256 digests are stored."""

from typing import Literal

import msgspec

from veche.domain.ids import DeviceId, UserId
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

Kind = Literal["openid", "login"]


class ShortToken(msgspec.Struct, frozen=True):
    """A token that somebody asked for; until ``restricted_until`` (ms) they are locked or suspended."""

    user_id: UserId
    restricted_until: int


def add(tx: Transaction, kind: Kind, digest: bytes, user: UserId, device: DeviceId, expires_ts: int) -> None:
    """Add a token that ends at that millisecond."""
    tx.run(
        "INSERT INTO short_tokens (digest, kind, user_id, device_id, expires_ts) VALUES (?, ?, ?, ?, ?)",
        digest,
        kind,
        user,
        device,
        expires_ts,
    )


def find(rows: Rows, kind: Kind, digest: bytes, now: int) -> ShortToken | None:
    """Return a token that has not ended: neither by itself nor with the account or device that asked for it."""
    row = rows.one(
        "SELECT t.user_id,"
        " COALESCE((SELECT MAX(r.until_ts) FROM account_restrictions r WHERE r.user_id = t.user_id), 0)"
        " FROM short_tokens t"
        " JOIN accounts a ON a.user_id = t.user_id"
        " JOIN devices d ON d.user_id = t.user_id AND d.device_id = t.device_id"
        " WHERE t.digest = ? AND t.kind = ? AND t.expires_ts > ? AND a.deactivated_ts IS NULL",
        digest,
        kind,
        now,
    )
    return ShortToken(*row) if row else None


def delete(tx: Transaction, digest: bytes) -> None:
    """Delete a token that has served."""
    tx.run("DELETE FROM short_tokens WHERE digest = ?", digest)


def delete_of(tx: Transaction, kind: Kind, user: UserId) -> None:
    """Delete somebody's tokens of a kind."""
    tx.run("DELETE FROM short_tokens WHERE kind = ? AND user_id = ?", kind, user)


def forget_before(tx: Transaction, ts: int, most: int) -> bool:
    """Forget at most so many tokens that ended before ``ts``; say whether there may be more."""
    gone = tx.all(
        "DELETE FROM short_tokens WHERE digest IN"
        " (SELECT digest FROM short_tokens WHERE expires_ts < ? ORDER BY expires_ts LIMIT ?) RETURNING digest",
        ts,
        most,
    )
    return len(gone) == most
