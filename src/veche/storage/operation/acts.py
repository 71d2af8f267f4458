"""Operation: what administrators did, as rows that are only ever added."""

from typing import Any

from veche.base import json
from veche.domain.ids import UserId
from veche.domain.operation import Act
from veche.storage.rows import Rows
from veche.storage.writer import Transaction


def add_act(
    tx: Transaction, ts: int, by: UserId, what: str, whom: str | None, reason: str, details: dict[str, Any]
) -> None:
    """Write down that somebody did something."""
    tx.run(
        "INSERT INTO acts (number, ts, made_by, what, whom, reason, details)"
        " SELECT COALESCE(MAX(number), 0) + 1, ?, ?, ?, ?, ?, ? FROM acts",
        ts,
        by,
        what,
        whom,
        reason,
        json.encode(details),
    )


def acts(rows: Rows, before: int, most: int) -> list[Act]:
    """Return at most so many acts with numbers below ``before``, the newest first."""
    found = rows.all(
        "SELECT number, ts, made_by, what, whom, reason, details FROM acts WHERE number < ?"
        f" ORDER BY number DESC LIMIT {int(most)}",
        before,
    )
    return [
        Act(number, ts, UserId(by) if by else None, what, whom, reason, json.decode(details))
        for number, ts, by, what, whom, reason, details in found
    ]
