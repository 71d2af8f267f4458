"""Passwords: the policy about them, and the codes that replace forgotten ones. Only hashes are stored."""

import msgspec

from veche.domain.accounts.passwords import MOST_TRIES, PasswordPolicy
from veche.domain.ids import UserId
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

_POLICY = "password_policy"


class ResetCode(msgspec.Struct, frozen=True):
    """A code that somebody was given: its hash, when it ends and how often it was tried."""

    code_hash: str
    expires_ts: int
    tries: int


def policy(rows: Rows) -> PasswordPolicy | None:
    """Return the policy that an administrator has set, or None where nobody has."""
    row = rows.one("SELECT value FROM server_facts WHERE name = ?", _POLICY)
    return msgspec.json.decode(row[0], type=PasswordPolicy) if row else None


def set_policy(tx: Transaction, new: PasswordPolicy) -> None:
    """Store the policy."""
    tx.run(
        "INSERT INTO server_facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        _POLICY,
        msgspec.json.encode(new).decode(),
    )


def put_code(tx: Transaction, user: UserId, code: ResetCode) -> None:
    """Store somebody's reset code; an older one is worth nothing from now on."""
    tx.run(
        "INSERT INTO reset_codes (user_id, code_hash, expires_ts, tries) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (user_id) DO UPDATE SET code_hash = excluded.code_hash, expires_ts = excluded.expires_ts,"
        " tries = excluded.tries",
        user,
        code.code_hash,
        code.expires_ts,
        code.tries,
    )


def try_code(tx: Transaction, user: UserId, now: int) -> ResetCode | None:
    """Count a try; return the code that may still be tried, counted. The same work is done for nobody's name."""
    tx.run("UPDATE reset_codes SET tries = tries + 1 WHERE user_id = ?", user)
    found = find_code(tx, user)
    return found if found and found.tries <= MOST_TRIES and now < found.expires_ts else None


def find_code(rows: Rows, user: UserId) -> ResetCode | None:
    """Return somebody's newest reset code, useless ones too."""
    row = rows.one("SELECT code_hash, expires_ts, tries FROM reset_codes WHERE user_id = ?", user)
    return ResetCode(*row) if row else None


def delete_code(tx: Transaction, user: UserId) -> None:
    """Forget somebody's reset code."""
    tx.run("DELETE FROM reset_codes WHERE user_id = ?", user)


def delete_codes_before(tx: Transaction, ts: int) -> None:
    """Forget the codes that ended before then."""
    tx.run("DELETE FROM reset_codes WHERE expires_ts < ?", ts)
