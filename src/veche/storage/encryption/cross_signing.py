"""Cross-signing keys and the signatures on keys: their rows."""

from collections.abc import Collection

from veche.domain.encryption.cross_signing import CrossSigningKey, Usage
from veche.domain.encryption.signatures import Signature
from veche.domain.ids import UserId
from veche.storage.rows import Rows, all_in
from veche.storage.writer import Transaction


def find(rows: Rows, user: UserId) -> dict[Usage, CrossSigningKey]:
    """Return a user's cross-signing keys."""
    found = rows.all("SELECT usage, public_key, json FROM cross_signing_keys WHERE user_id = ?", user)
    return {row[0]: CrossSigningKey(*row) for row in found}


def of_users(rows: Rows, users: Collection[UserId]) -> list[tuple[UserId, CrossSigningKey]]:
    """Return the cross-signing keys of these users, the user-signing ones too."""
    sql = "SELECT user_id, usage, public_key, json FROM cross_signing_keys WHERE user_id IN (??)"
    return [(row[0], CrossSigningKey(*row[1:])) for row in all_in(rows, sql, users)]


def put(tx: Transaction, user: UserId, key: CrossSigningKey) -> None:
    """Store or replace the key of its usage."""
    tx.run(
        "INSERT INTO cross_signing_keys (user_id, usage, public_key, json) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (user_id, usage) DO UPDATE SET public_key = excluded.public_key, json = excluded.json",
        user,
        key.usage,
        key.public_key,
        key.json,
    )


def delete(tx: Transaction, user: UserId, key: CrossSigningKey) -> None:
    """Delete a key."""
    tx.run("DELETE FROM cross_signing_keys WHERE user_id = ? AND usage = ?", user, key.usage)


def is_public_key(rows: Rows, user: UserId, text: str) -> bool:
    """Say whether ``text`` is one of the user's cross-signing keys; no device may bear it as its id."""
    sql = "SELECT 1 FROM cross_signing_keys WHERE user_id = ? AND public_key = ?"
    return rows.one(sql, user, text) is not None


def put_signature(tx: Transaction, user: UserId, target: str, signature: Signature) -> bool:
    """Store a signature on a key of ``user``; say False where it is there already."""
    row = tx.one(
        "INSERT INTO key_signatures (user_id, target, signer, key_id, signature) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (user_id, target, signer, key_id) DO UPDATE SET signature = excluded.signature"
        " WHERE key_signatures.signature <> excluded.signature RETURNING key_id",
        user,
        target,
        *signature,
    )
    return row is not None


def signatures_seen(rows: Rows, users: Collection[UserId], reader: UserId) -> dict[tuple[UserId, str], list[Signature]]:
    """Return the signatures on keys of these users that ``reader`` may see, by user and target.

    Those are the owner's own and the reader's; all others would tell who verified whom
    (section Key and signature security).
    """
    found = all_in(
        rows,
        "SELECT user_id, target, signer, key_id, signature FROM key_signatures"
        " WHERE (signer = user_id OR signer = ?) AND user_id IN (??)",
        users,
        reader,
    )
    seen: dict[tuple[UserId, str], list[Signature]] = {}
    for user, target, *signature in found:
        seen.setdefault((user, target), []).append((signature[0], signature[1], signature[2]))
    return seen


def delete_signatures(tx: Transaction, user: UserId, target: str, key_id: str) -> None:
    """Delete what was signed on a key of ``user`` that ends, and what was signed with it."""
    tx.run("DELETE FROM key_signatures WHERE user_id = ? AND target = ?", user, target)
    tx.run("DELETE FROM key_signatures WHERE signer = ? AND key_id = ?", user, key_id)
