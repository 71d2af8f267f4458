"""Accounts: their rows. Passwords, registration tokens and the first link have files of their own beside this one."""

import msgspec

from veche.domain.ids import Position, UserId
from veche.domain.sessions import Role
from veche.storage.rows import Rows
from veche.storage.writer import Transaction


class Account(msgspec.Struct, frozen=True):
    """A person's account. ``password_hash`` is None where nobody can sign in by password."""

    user_id: UserId
    password_hash: str | None
    role: Role
    created_ts: int
    deactivated_ts: int | None = None
    password_ts: int | None = None

    @property
    def has_password_since(self) -> int:
        """When the password was chosen."""
        return self.created_ts if self.password_ts is None else self.password_ts


_OWN = {
    "profile_fields": "name",
    "account_data": "room_id, type",
    "filters": "filter_id",
    "push_rules": "user_id",
    "backed_up_keys": "version, room_id, session_id",
    "key_backups": "version",
    "sign_ins": "number",
    "presence": "user_id",
}
"""Tables of private things, each with what names a row of one person."""
_ACCOUNT = "user_id, password_hash, role, created_ts, deactivated_ts, password_ts"


def find(rows: Rows, user: UserId) -> Account | None:
    """Return an account, deactivated ones too."""
    row = rows.one(f"SELECT {_ACCOUNT} FROM accounts WHERE user_id = ?", user)
    return Account(*row) if row else None


def everyone(rows: Rows) -> list[Account]:
    """Return all accounts in the order of their making."""
    return [Account(*row) for row in rows.all(f"SELECT {_ACCOUNT} FROM accounts ORDER BY created_ts, user_id")]


def after(rows: Rows, user: UserId, most: int) -> list[Account]:
    """Return at most so many accounts in the order of their user ids, those behind ``user``."""
    found = rows.all(f"SELECT {_ACCOUNT} FROM accounts WHERE user_id > ? ORDER BY user_id LIMIT {int(most)}", user)
    return [Account(*row) for row in found]


def exists_any(rows: Rows) -> bool:
    """Say whether the server has an account at all."""
    return rows.one("SELECT 1 FROM accounts LIMIT 1") is not None


def has_administrator(rows: Rows) -> bool:
    """Say whether anybody ever became an administrator and still is one, able to sign in or not."""
    return rows.one("SELECT 1 FROM accounts WHERE role = 'administrator' LIMIT 1") is not None


def add(tx: Transaction, account: Account) -> bool:
    """Add an account; say False where the name is taken."""
    row = tx.one(
        "INSERT INTO accounts (user_id, password_hash, role, created_ts) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING RETURNING user_id",
        account.user_id,
        account.password_hash,
        account.role,
        account.created_ts,
    )
    return row is not None


def set_password(tx: Transaction, user: UserId, password_hash: str | None, now: int) -> None:
    """Replace the password's hash."""
    tx.run("UPDATE accounts SET password_hash = ?, password_ts = ? WHERE user_id = ?", password_hash, now, user)


def set_role(tx: Transaction, user: UserId, role: Role) -> None:
    """Replace the role."""
    tx.run("UPDATE accounts SET role = ? WHERE user_id = ?", role, user)


def deactivate(tx: Transaction, user: UserId, now: int) -> None:
    """Mark the account as deactivated and forget its password."""
    tx.run("UPDATE accounts SET deactivated_ts = ?, password_hash = NULL WHERE user_id = ?", now, user)


def erase(tx: Transaction, user: UserId, most: int) -> bool:
    """Delete at most so many rows of what somebody kept for themselves alone, and the profile; say if any was there."""
    for table, keys in _OWN.items():
        gone = tx.all(
            f"DELETE FROM {table} WHERE user_id = ? AND ({keys}) IN"
            f" (SELECT {keys} FROM {table} WHERE user_id = ? LIMIT {most}) RETURNING user_id",
            user,
            user,
        )
        if gone:
            return True
    return False


def mark_erased(tx: Transaction, user: UserId, position: Position) -> None:
    """Keep what somebody said up to a position from those who come into its rooms later; the first mark stays."""
    tx.run(
        "INSERT INTO erased_people (user_id, position) VALUES (?, ?) ON CONFLICT DO NOTHING",
        user,
        position,
    )


def erased_people(rows: Rows) -> dict[UserId, Position]:
    """Return all whose words are erased, each with the position of that. They are few."""
    return dict(rows.all("SELECT user_id, position FROM erased_people"))


def server_name(rows: Rows) -> str | None:
    """Return the name that the server had when its first account was made, or None where it has none yet."""
    row = rows.one("SELECT value FROM server_facts WHERE name = 'server_name'")
    return row[0] if row else None


def fix_server_name(tx: Transaction, name: str) -> None:
    """Write the server's name down, once and for all."""
    tx.run("INSERT INTO server_facts (name, value) VALUES ('server_name', ?) ON CONFLICT DO NOTHING", name)
