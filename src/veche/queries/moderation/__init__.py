"""Moderation: accounts as those who look after them see them, who is locked or suspended, and what was reported."""

from veche.queries.moderation.overseeing import MOST_ACCOUNTS, account, accounts_after, entries, is_restricted, known
from veche.queries.moderation.reports import ReportInFull, report, reports

__all__ = [
    "MOST_ACCOUNTS",
    "ReportInFull",
    "account",
    "accounts_after",
    "entries",
    "is_restricted",
    "known",
    "report",
    "reports",
]
