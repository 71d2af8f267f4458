"""Digests: when somebody was last told by mail, and the links that end such letters. Their rows."""

from veche.domain.ids import UserId
from veche.domain.notifications.digests import APP_ID, Told, subject_of
from veche.domain.notifications.pushers import PusherKey
from veche.storage.accounts import letters
from veche.storage.notifications import pushers
from veche.storage.rows import Rows
from veche.storage.writer import Transaction


def told(rows: Rows, user: UserId, pushkey: str) -> Told:
    """Return when somebody was last told, and how often in a row."""
    row = rows.one("SELECT sent_ts, in_a_row FROM digests WHERE user_id = ? AND pushkey = ?", user, pushkey)
    return Told(*row) if row else Told()


def put_told(tx: Transaction, user: UserId, pushkey: str, new: Told) -> None:
    """Note that somebody was told."""
    tx.run(
        "INSERT INTO digests (user_id, pushkey, sent_ts, in_a_row) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (user_id, pushkey) DO UPDATE SET sent_ts = excluded.sent_ts, in_a_row = excluded.in_a_row",
        user,
        pushkey,
        new.sent_ts,
        new.in_a_row,
    )


def last_here(rows: Rows, user: UserId) -> int:
    """Return when any device of somebody was last used, in milliseconds; 0 for never."""
    row = rows.one("SELECT COALESCE(MAX(last_seen_ts), 0) FROM devices WHERE user_id = ?", user)
    return row[0] if row else 0


def add_ending(tx: Transaction, digest: bytes, user: UserId, pushkey: str, now: int) -> None:
    """Store the link that ends somebody's letters."""
    tx.run(
        "INSERT INTO digest_endings (digest, user_id, pushkey, created_ts) VALUES (?, ?, ?, ?)",
        digest,
        user,
        pushkey,
        now,
    )


def of_ending(rows: Rows, digest: bytes) -> tuple[UserId, str] | None:
    """Return whose letters a link ends, and to which pushkey they go."""
    row = rows.one("SELECT user_id, pushkey FROM digest_endings WHERE digest = ?", digest)
    return (row[0], row[1]) if row else None


def delete_endings_before(tx: Transaction, ts: int) -> None:
    """Forget the links of old letters."""
    tx.run("DELETE FROM digest_endings WHERE created_ts < ?", ts)


def end(tx: Transaction, user: UserId, pushkey: str) -> None:
    """End somebody's letters to a pushkey. The links in them do no harm any more."""
    tx.run("DELETE FROM digests WHERE user_id = ? AND pushkey = ?", user, pushkey)
    letters.delete(tx, "digest", subject_of(user, pushkey))
    pushers.remove(tx, PusherKey(user, APP_ID, pushkey))


def forget(tx: Transaction, user: UserId) -> None:
    """Forget all about somebody's letters: their account is closed."""
    tx.run("DELETE FROM digests WHERE user_id = ?", user)
    tx.run("DELETE FROM digest_endings WHERE user_id = ?", user)
