"""Proofs that an address is somebody's, and how often they were asked for: their rows."""

import msgspec

from veche.domain.accounts.addresses import Proof, Purpose
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

_COLUMNS = (
    "sid, purpose, address, secret_digest, send_attempt, next_link, asked_from, created_ts, expires_ts,"
    " link_digest, code_hash, tries, proven_ts"
)


_SAME = "secret_digest = ? AND address = ? AND purpose = ?"
"""What one client asked for with one secret, in however many letters."""


def find(rows: Rows, sid: str) -> Proof | None:
    """Return a proof, useless ones too."""
    row = rows.one(f"SELECT {_COLUMNS} FROM address_proofs WHERE sid = ?", sid)
    return Proof(*row) if row else None


def of_link(rows: Rows, digest: bytes) -> Proof | None:
    """Return the proof that a letter's link with this digest brings."""
    row = rows.one(f"SELECT {_COLUMNS} FROM address_proofs WHERE link_digest = ?", digest)
    return Proof(*row) if row else None


def asked_already(rows: Rows, purpose: Purpose, address: str, secret_digest: bytes) -> Proof | None:
    """Return the proof that the same client has asked for before."""
    row = rows.one(
        f"SELECT {_COLUMNS} FROM address_proofs WHERE {_SAME} ORDER BY created_ts DESC",
        secret_digest,
        address,
        purpose,
    )
    return Proof(*row) if row else None


def add(tx: Transaction, proof: Proof) -> None:
    """Store a new proof."""
    tx.run(
        f"INSERT INTO address_proofs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *msgspec.structs.astuple(proof),
    )


def set_secrets(tx: Transaction, sid: str, link_digest: bytes, code_hash: str) -> None:
    """Store what the newest letter holds, and let its code be tried from the beginning."""
    tx.run(
        "UPDATE address_proofs SET link_digest = ?, code_hash = ?, tries = 0 WHERE sid = ? AND proven_ts IS NULL",
        link_digest,
        code_hash,
        sid,
    )


def count_try(tx: Transaction, sid: str) -> None:
    """Count that a code was tried."""
    tx.run("UPDATE address_proofs SET tries = tries + 1 WHERE sid = ?", sid)


def prove(tx: Transaction, proof: Proof, now: int, until: int) -> None:
    """Write down that the address was shown to be theirs; codes are good for nothing any more, links prove no more.

    A client that was sent several letters knows the sid of one of them only, so that each proves them all.
    """
    tx.run(
        "UPDATE address_proofs SET proven_ts = ?, expires_ts = ?, code_hash = NULL"
        f" WHERE {_SAME} AND proven_ts IS NULL AND expires_ts > ?",
        now,
        until,
        *_same(proof),
        now,
    )


def delete(tx: Transaction, proof: Proof) -> None:
    """Forget a proof that has served, and those that were to serve for the same."""
    tx.run(f"DELETE FROM address_proofs WHERE {_SAME}", *_same(proof))


def delete_of(tx: Transaction, address: str, *purposes: Purpose) -> None:
    """Forget the proofs about an address for these purposes, brought or not."""
    for purpose in purposes:
        tx.run("DELETE FROM address_proofs WHERE address = ? AND purpose = ?", address, purpose)


def delete_before(tx: Transaction, ts: int) -> None:
    """Forget the proofs that ended before then."""
    tx.run("DELETE FROM address_proofs WHERE expires_ts < ?", ts)


def count_use(tx: Transaction, subject: str, now: int) -> None:
    """Count that something was done with an address, or from a network."""
    tx.run("INSERT INTO address_uses (subject, ts) VALUES (?, ?)", subject, now)


def uses_since(rows: Rows, subject: str, since: int) -> list[int]:
    """Return when it was done, oldest first."""
    found = rows.all("SELECT ts FROM address_uses WHERE subject = ? AND ts > ? ORDER BY ts", subject, since)
    return [ts for (ts,) in found]


def forget_uses(tx: Transaction, subject: str) -> None:
    """Forget what was counted: it was done rightly."""
    tx.run("DELETE FROM address_uses WHERE subject = ?", subject)


def forget_uses_before(tx: Transaction, ts: int) -> None:
    """Forget what no longer counts."""
    tx.run("DELETE FROM address_uses WHERE ts < ?", ts)


def _same(proof: Proof) -> tuple[bytes, str, str]:
    return proof.secret_digest, proof.address, proof.purpose
