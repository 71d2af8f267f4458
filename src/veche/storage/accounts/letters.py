"""Letters that wait to be sent: their rows. What stands in a letter is not known here."""

from collections.abc import Collection

import msgspec

from veche.domain.accounts.letters import LetterKind, WaitingLetter
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

_COLUMNS = "kind, subject, address, language, created_ts, due_ts, expires_ts, tries"


def put(tx: Transaction, letter: WaitingLetter) -> None:
    """Let a letter wait, in the place of one about the same that waits already."""
    delete(tx, letter.kind, letter.subject)
    tx.run(f"INSERT INTO letters ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *msgspec.structs.astuple(letter))


def due(rows: Rows, now: int, most: int) -> list[WaitingLetter]:
    """Return at most so many letters that are to be sent by now, those that wait longest first."""
    found = rows.all(
        f"SELECT {_COLUMNS} FROM letters WHERE due_ts <= ? ORDER BY due_ts, kind, subject LIMIT {int(most)}", now
    )
    return [WaitingLetter(*row) for row in found]


def waits(rows: Rows, kind: LetterKind, subject: str) -> bool:
    """Say whether a letter about this waits already."""
    return rows.one("SELECT 1 FROM letters WHERE kind = ? AND subject = ?", kind, subject) is not None


def next_due(rows: Rows) -> int | None:
    """Return when the next letter is to be sent, or None where none waits."""
    row = rows.one("SELECT MIN(due_ts) FROM letters")
    return row[0] if row else None


def gone(rows: Rows, subjects: Collection[str]) -> set[str]:
    """Return those of the subjects that no letter is about any more."""
    return set(subjects) - {subject for (subject,) in rows.all("SELECT subject FROM letters")} if subjects else set()


def count(rows: Rows) -> int:
    """Return how many wait."""
    row = rows.one("SELECT COUNT(*) FROM letters")
    return row[0] if row else 0


def delete(tx: Transaction, kind: LetterKind, subject: str) -> None:
    """Forget the letter about this, if one waits."""
    tx.run("DELETE FROM letters WHERE kind = ? AND subject = ?", kind, subject)


def delete_if_same(tx: Transaction, letter: WaitingLetter) -> None:
    """Forget a letter unless one more was asked for meanwhile."""
    tx.run(
        "DELETE FROM letters WHERE kind = ? AND subject = ? AND created_ts = ?",
        letter.kind,
        letter.subject,
        letter.created_ts,
    )


def put_off(tx: Transaction, letter: WaitingLetter, due_ts: int) -> None:
    """Let a letter wait until then, and count the try."""
    tx.run(
        "UPDATE letters SET due_ts = ?, tries = tries + 1 WHERE kind = ? AND subject = ? AND created_ts = ?",
        due_ts,
        letter.kind,
        letter.subject,
        letter.created_ts,
    )


def delete_to(tx: Transaction, address: str) -> None:
    """Forget all letters to an address."""
    tx.run("DELETE FROM letters WHERE address = ?", address)
