"""Sessions: access and refresh tokens, re-authentications under way, failed sign-ins: their rows.

Only SHA-256 digests of tokens are stored. ``history`` keeps what people may read of it later.
"""

import msgspec

from veche.domain.ids import DeviceId, UserId
from veche.domain.sessions import Role
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

_REAUTHENTICATION = "session, purpose, user_id, created_ts, completed"


class AccessToken(msgspec.Struct, frozen=True):
    """What an access token stands for; ``expires_ts`` in milliseconds, None for one that does not expire.

    Its owner is locked and suspended until the other two milliseconds; they lie in the past for almost everybody.
    """

    user_id: UserId
    device_id: DeviceId
    expires_ts: int | None
    role: Role
    locked_until: int
    suspended_until: int


class RefreshToken(msgspec.Struct, frozen=True):
    """A refresh token; ``next_digest`` names its successor once one has been handed out."""

    user_id: UserId
    device_id: DeviceId
    next_digest: bytes | None
    locked_until: int


class Reauthentication(msgspec.Struct, frozen=True):
    """An interactive check that somebody was asked for; ``purpose`` binds it to one operation.

    ``completed`` is JSON: what was shown at the stages that are done.
    """

    session: str
    purpose: str
    user_id: UserId | None
    created_ts: int
    completed: str = "{}"


def find_access(rows: Rows, digest: bytes) -> AccessToken | None:
    """Return what a token stands for; tokens of deactivated accounts are not found."""
    row = rows.one(
        "SELECT t.user_id, t.device_id, t.expires_ts, a.role, COALESCE(l.until_ts, 0), COALESCE(s.until_ts, 0)"
        " FROM access_tokens t JOIN accounts a ON a.user_id = t.user_id"
        " LEFT JOIN account_restrictions l ON l.user_id = t.user_id AND l.kind = 'lock'"
        " LEFT JOIN account_restrictions s ON s.user_id = t.user_id AND s.kind = 'suspension'"
        " WHERE t.digest = ? AND a.deactivated_ts IS NULL",
        digest,
    )
    return AccessToken(*row) if row else None


def all_of(rows: Rows, user: UserId) -> list[bytes]:
    """Return the digests of all access tokens of somebody."""
    return [row[0] for row in rows.all("SELECT digest FROM access_tokens WHERE user_id = ?", user)]


def add_access(
    tx: Transaction, digest: bytes, user: UserId, device: DeviceId, expires_ts: int | None, refresh: bytes | None
) -> None:
    """Add an access token; ``refresh`` is the digest of the refresh token it came with."""
    tx.run(
        "INSERT INTO access_tokens (digest, user_id, device_id, expires_ts, refresh_digest) VALUES (?, ?, ?, ?, ?)",
        digest,
        user,
        device,
        expires_ts,
        refresh,
    )


def add_refresh(tx: Transaction, digest: bytes, user: UserId, device: DeviceId) -> None:
    """Add a refresh token."""
    tx.run("INSERT INTO refresh_tokens (digest, user_id, device_id) VALUES (?, ?, ?)", digest, user, device)


def find_refresh(rows: Rows, digest: bytes) -> RefreshToken | None:
    """Return a refresh token of an active account."""
    row = rows.one(
        "SELECT t.user_id, t.device_id, t.next_digest, COALESCE(l.until_ts, 0) FROM refresh_tokens t"
        " JOIN accounts a ON a.user_id = t.user_id"
        " LEFT JOIN account_restrictions l ON l.user_id = t.user_id AND l.kind = 'lock'"
        " WHERE t.digest = ? AND a.deactivated_ts IS NULL",
        digest,
    )
    return RefreshToken(*row) if row else None


def succeed_refresh(tx: Transaction, digest: bytes, successor: bytes) -> None:
    """Note which refresh token came after this one; it stays valid until the successor is used."""
    tx.run("UPDATE refresh_tokens SET next_digest = ? WHERE digest = ?", successor, digest)


def delete_refresh(tx: Transaction, digest: bytes) -> list[bytes]:
    """Delete a refresh token and the access tokens it came with; return those tokens' digests."""
    rows = tx.all("DELETE FROM access_tokens WHERE refresh_digest = ? RETURNING digest", digest)
    tx.run("DELETE FROM refresh_tokens WHERE digest = ?", digest)
    return [row[0] for row in rows]


def predecessors(rows: Rows, digest: bytes) -> list[bytes]:
    """Return the refresh tokens that this one succeeded."""
    return [row[0] for row in rows.all("SELECT digest FROM refresh_tokens WHERE next_digest = ?", digest)]


def accesses_of(rows: Rows, refresh: bytes) -> list[bytes]:
    """Return the access tokens that a refresh token came with."""
    return [row[0] for row in rows.all("SELECT digest FROM access_tokens WHERE refresh_digest = ?", refresh)]


def refresh_of(rows: Rows, digest: bytes) -> bytes | None:
    """Return the digest of the refresh token that an access token came with."""
    row = rows.one("SELECT refresh_digest FROM access_tokens WHERE digest = ?", digest)
    return row[0] if row else None


def delete_of_device(tx: Transaction, user: UserId, device: DeviceId) -> list[bytes]:
    """Delete all tokens of one device; return the access tokens' digests."""
    rows = tx.all("DELETE FROM access_tokens WHERE user_id = ? AND device_id = ? RETURNING digest", user, device)
    tx.run("DELETE FROM refresh_tokens WHERE user_id = ? AND device_id = ?", user, device)
    return [row[0] for row in rows]


def find_reauthentication(rows: Rows, session: str) -> Reauthentication | None:
    """Return an interactive check that was asked for."""
    row = rows.one(f"SELECT {_REAUTHENTICATION} FROM reauthentications WHERE session = ?", session)
    return Reauthentication(*row) if row else None


def put_reauthentication(tx: Transaction, check: Reauthentication) -> None:
    """Store an interactive check that somebody is asked for, or how far one under way has come."""
    tx.run(
        f"INSERT INTO reauthentications ({_REAUTHENTICATION}) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (session) DO UPDATE SET completed = excluded.completed",
        check.session,
        check.purpose,
        check.user_id,
        check.created_ts,
        check.completed,
    )


def delete_reauthentication(tx: Transaction, session: str) -> None:
    """Forget a check that has served."""
    tx.run("DELETE FROM reauthentications WHERE session = ?", session)


def forget_reauthentications_before(tx: Transaction, ts: int) -> None:
    """Forget checks that nobody finished."""
    tx.run("DELETE FROM reauthentications WHERE created_ts < ?", ts)


def add_failure(tx: Transaction, subject: str, now: int) -> None:
    """Count a guess against ``subject`` (an account and address)."""
    tx.run("INSERT INTO sign_in_failures (subject, failed_ts) VALUES (?, ?)", subject, now)


def failures_since(rows: Rows, subject: str, since: int) -> list[int]:
    """Return when sign-ins of ``subject`` failed, oldest first."""
    found = rows.all(
        "SELECT failed_ts FROM sign_in_failures WHERE subject = ? AND failed_ts > ? ORDER BY failed_ts", subject, since
    )
    return [row[0] for row in found]


def forget_failures(tx: Transaction, subject: str) -> None:
    """Forget the guesses of a subject that has signed in."""
    tx.run("DELETE FROM sign_in_failures WHERE subject = ?", subject)


def forget_failures_before(tx: Transaction, ts: int) -> None:
    """Forget guesses that no longer count."""
    tx.run("DELETE FROM sign_in_failures WHERE failed_ts < ?", ts)
