"""Presence: the rows of what people say of themselves and of when they were last active."""

from veche.domain.ids import UserId
from veche.domain.presence import NOTHING_SAID, Known, Said
from veche.storage.rows import Rows
from veche.storage.writer import Transaction


def everybody(rows: Rows) -> list[Known]:
    """Return all of whom anything is kept."""
    found = rows.all("SELECT user_id, status_msg, busy_since_ts, busy_until_ts, last_active_ts FROM presence")
    return [Known(row[0], Said(*row[1:4]), row[4]) for row in found]


def said_by(rows: Rows, user: UserId) -> Said:
    """Return what somebody says of themselves."""
    row = rows.one("SELECT status_msg, busy_since_ts, busy_until_ts FROM presence WHERE user_id = ?", user)
    return Said(*row) if row else NOTHING_SAID


def put_said(tx: Transaction, user: UserId, said: Said) -> None:
    """Store what somebody says of themselves."""
    tx.run(
        "INSERT INTO presence (user_id, status_msg, busy_since_ts, busy_until_ts) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (user_id) DO UPDATE SET status_msg = excluded.status_msg,"
        " busy_since_ts = excluded.busy_since_ts, busy_until_ts = excluded.busy_until_ts",
        user,
        said.text,
        said.busy_since,
        said.busy_until,
    )


def put_active(tx: Transaction, user: UserId, ts: int) -> None:
    """Store when somebody was last active; nothing is kept any more of accounts that were closed meanwhile."""
    tx.run(
        "INSERT INTO presence (user_id, last_active_ts)"
        " SELECT user_id, CAST(? AS BIGINT) FROM accounts WHERE user_id = ? AND deactivated_ts IS NULL"
        " ON CONFLICT (user_id) DO UPDATE SET last_active_ts = excluded.last_active_ts",
        ts,
        user,
    )
