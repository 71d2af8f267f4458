"""Moderation: who is locked or suspended, and what was reported, as rows."""

from veche.storage.moderation.reports import add_report, close_report, find_report, reported_events, reports
from veche.storage.moderation.restrictions import (
    all_of,
    eldest_administrator,
    everything,
    find,
    is_locked,
    lift,
    put,
    standing,
    target,
)

__all__ = [
    "add_report",
    "all_of",
    "close_report",
    "eldest_administrator",
    "everything",
    "find",
    "find_report",
    "is_locked",
    "lift",
    "put",
    "reported_events",
    "reports",
    "standing",
    "target",
]
