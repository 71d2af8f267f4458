"""The history of signing in: who, when, from where and with what success."""

from veche.domain.ids import UserId
from veche.domain.sessions import Method, Origin, Outcome, SignIn, Strangers
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

_SEEN = "number, ts, method, outcome, address, port, client"
DAY_MS = 86_400_000


def add(tx: Transaction, user: UserId, ts: int, method: Method, outcome: Outcome, origin: Origin) -> None:
    """Write down that somebody signed in or tried to."""
    tx.run(
        f"INSERT INTO sign_ins (user_id, {_SEEN})"
        " SELECT ?, COALESCE(MAX(number), 0) + 1, ?, ?, ?, ?, ?, ? FROM sign_ins WHERE user_id = ?",
        user,
        ts,
        method,
        outcome,
        origin.address,
        origin.port,
        origin.client,
        user,
    )


def of(rows: Rows, user: UserId, before: int, most: int) -> list[SignIn]:
    """Return at most so many entries about somebody with numbers below ``before``, the newest first."""
    found = rows.all(
        f"SELECT {_SEEN} FROM sign_ins WHERE user_id = ? AND number < ? ORDER BY number DESC LIMIT {int(most)}",
        user,
        before,
    )
    return [SignIn(*row) for row in found]


def count_stranger(tx: Transaction, address: str, ts: int) -> None:
    """Count that somebody gave the name of nobody; the name itself is not kept."""
    tx.run(
        "INSERT INTO stranger_sign_ins (day, address, failures, last_ts) VALUES (?, ?, 1, ?)"
        " ON CONFLICT (day, address) DO UPDATE SET"
        " failures = stranger_sign_ins.failures + 1, last_ts = excluded.last_ts",
        ts // DAY_MS,
        address,
        ts,
    )


def strangers(rows: Rows, most: int) -> list[Strangers]:
    """Return at most so many addresses from which nobody's names were tried, by day, the newest day first."""
    found = rows.all(
        "SELECT address, day, failures, last_ts FROM stranger_sign_ins"
        f" ORDER BY day DESC, failures DESC, address LIMIT {int(most)}"
    )
    return [Strangers(*row) for row in found]


def prune(tx: Transaction, ts: int, most: int) -> bool:
    """Delete at most so many entries from before then; say whether there was any."""
    gone = tx.all(
        "DELETE FROM sign_ins WHERE (user_id, number) IN"
        f" (SELECT user_id, number FROM sign_ins WHERE ts < ? ORDER BY ts LIMIT {int(most)}) RETURNING number",
        ts,
    )
    if gone:
        return True
    counted = tx.all(
        "DELETE FROM stranger_sign_ins WHERE (day, address) IN"
        f" (SELECT day, address FROM stranger_sign_ins WHERE day < ? LIMIT {int(most)}) RETURNING day",
        ts // DAY_MS,
    )
    return bool(counted)
