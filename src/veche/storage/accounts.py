"""Accounts and registration tokens: their rows."""

import msgspec

from veche.domain.accounts import RegistrationToken
from veche.domain.ids import UserId
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


_OWN = {
    "profile_fields": "name",
    "account_data": "room_id, type",
    "filters": "filter_id",
    "push_rules": "user_id",
    "backed_up_keys": "version, room_id, session_id",
    "key_backups": "version",
}
"""Tables of private things, each with what names a row of one person."""
_ACCOUNT = "user_id, password_hash, role, created_ts, deactivated_ts"
_TOKEN = "token, uses_allowed, uses_done, expires_ts, created_ts, revoked_ts"


def find(rows: Rows, user: UserId) -> Account | None:
    """Return an account, deactivated ones too."""
    row = rows.one(f"SELECT {_ACCOUNT} FROM accounts WHERE user_id = ?", user)
    return Account(*row) if row else None


def everyone(rows: Rows) -> list[Account]:
    """Return all accounts in the order of their making."""
    return [Account(*row) for row in rows.all(f"SELECT {_ACCOUNT} FROM accounts ORDER BY created_ts, user_id")]


def exists_any(rows: Rows) -> bool:
    """Say whether the server has an account at all."""
    return rows.one("SELECT 1 FROM accounts LIMIT 1") is not None


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


def set_password(tx: Transaction, user: UserId, password_hash: str | None) -> None:
    """Replace the password's hash."""
    tx.run("UPDATE accounts SET password_hash = ? WHERE user_id = ?", password_hash, user)


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


def find_token(rows: Rows, token: str) -> RegistrationToken | None:
    """Return a registration token, revoked ones too."""
    row = rows.one(f"SELECT {_TOKEN} FROM registration_tokens WHERE token = ?", token)
    return RegistrationToken(*row) if row else None


def token_is_valid(rows: Rows, token: str, now: int) -> bool:
    """Say whether somebody may register with this text as their token."""
    found = find_token(rows, token) if "\x00" not in token else None
    return found is not None and found.is_valid(now)


def all_tokens(rows: Rows) -> list[RegistrationToken]:
    """Return all registration tokens in the order of their making."""
    return [
        RegistrationToken(*row)
        for row in rows.all(f"SELECT {_TOKEN} FROM registration_tokens ORDER BY created_ts, token")
    ]


def add_token(tx: Transaction, token: RegistrationToken) -> bool:
    """Add a registration token; say False where it exists."""
    row = tx.one(
        "INSERT INTO registration_tokens (token, uses_allowed, uses_done, expires_ts, created_ts)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING token",
        token.token,
        token.uses_allowed,
        token.uses_done,
        token.expires_ts,
        token.created_ts,
    )
    return row is not None


def use_token(tx: Transaction, token: str) -> None:
    """Count one use."""
    tx.run("UPDATE registration_tokens SET uses_done = uses_done + 1 WHERE token = ?", token)


def revoke_token(tx: Transaction, token: str, now: int) -> None:
    """Make a token invalid from now on."""
    tx.run("UPDATE registration_tokens SET revoked_ts = ? WHERE token = ?", now, token)


def server_name(rows: Rows) -> str | None:
    """Return the name that the server had when its first account was made, or None where it has none yet."""
    row = rows.one("SELECT value FROM server_facts WHERE name = 'server_name'")
    return row[0] if row else None


def fix_server_name(tx: Transaction, name: str) -> None:
    """Write the server's name down, once and for all."""
    tx.run("INSERT INTO server_facts (name, value) VALUES ('server_name', ?) ON CONFLICT DO NOTHING", name)
