"""Moderation: who is locked or suspended, as rows."""

from veche.domain.ids import UserId
from veche.domain.moderation import Restriction, RestrictionKind, Standing, Target
from veche.domain.sessions import Role
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

_COLUMNS = "user_id, kind, since_ts, until_ts, made_by, reason"
_ABLE_ADMINISTRATORS = (
    "FROM accounts a WHERE a.role = 'administrator' AND a.deactivated_ts IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM account_restrictions r WHERE r.user_id = a.user_id AND r.until_ts > ?)"
)
"""Administrators who are neither closed nor locked nor suspended at that moment."""


def find(rows: Rows, user: UserId, kind: RestrictionKind) -> Restriction | None:
    """Return how somebody is restricted; it may have ended meanwhile."""
    row = rows.one(f"SELECT {_COLUMNS} FROM account_restrictions WHERE user_id = ? AND kind = ?", user, kind)
    return Restriction(*row) if row else None


def everything(rows: Rows) -> list[Restriction]:
    """Return all restrictions, ended ones too."""
    return [Restriction(*row) for row in rows.all(f"SELECT {_COLUMNS} FROM account_restrictions ORDER BY user_id")]


def all_of(rows: Rows, user: UserId) -> list[Restriction]:
    """Return somebody's restrictions, ended ones too."""
    found = rows.all(f"SELECT {_COLUMNS} FROM account_restrictions WHERE user_id = ? ORDER BY kind", user)
    return [Restriction(*row) for row in found]


def is_locked(rows: Rows, user: UserId, now: int) -> bool:
    """Say whether somebody is locked now."""
    lock = find(rows, user, "lock")
    return lock is not None and lock.holds(now)


def standing(rows: Rows, user: UserId, now: int) -> Standing | None:
    """Return how it is with somebody's account now, or None where there is none."""
    row = rows.one("SELECT role, deactivated_ts FROM accounts WHERE user_id = ?", user)
    if row is None:
        return None
    held = {one.kind for one in all_of(rows, user) if one.holds(now)}
    return Standing(row[0], row[1] is None, "lock" in held, "suspension" in held)


def put(tx: Transaction, new: Restriction) -> None:
    """Restrict somebody; this takes the place of an earlier restriction of the same kind."""
    tx.run(
        f"INSERT INTO account_restrictions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (user_id, kind) DO UPDATE SET since_ts = excluded.since_ts, until_ts = excluded.until_ts,"
        " made_by = excluded.made_by, reason = excluded.reason",
        new.user,
        new.kind,
        new.since_ts,
        new.until_ts,
        new.by,
        new.reason,
    )


def lift(tx: Transaction, user: UserId, kind: RestrictionKind) -> None:
    """End a restriction."""
    tx.run("DELETE FROM account_restrictions WHERE user_id = ? AND kind = ?", user, kind)


def target(rows: Rows, user: UserId, role: Role, now: int) -> Target:
    """Return what the rules must know of somebody before they are locked, closed or lose their role."""
    if role != "administrator":
        return Target(user, role, is_last=False)
    other = rows.one(f"SELECT 1 {_ABLE_ADMINISTRATORS} AND a.user_id <> ? LIMIT 1", now, user)
    return Target(user, role, is_last=other is None)


def eldest_administrator(rows: Rows, now: int) -> UserId | None:
    """Return the administrator whose account is the oldest among those neither locked nor suspended."""
    row = rows.one(f"SELECT a.user_id {_ABLE_ADMINISTRATORS} ORDER BY a.created_ts, a.user_id LIMIT 1", now)
    return row[0] if row else None
