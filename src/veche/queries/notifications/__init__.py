"""Notifications: somebody's push rules, what notified them, their pushers and what those have to tell."""

from veche.queries.notifications.listing import Notification, Notifications, notifications
from veche.queries.notifications.pushes import Due, Notice, Owners, due, owners, pushers
from veche.queries.notifications.rules import rule, ruleset

__all__ = [
    "Due",
    "Notice",
    "Notification",
    "Notifications",
    "Owners",
    "due",
    "notifications",
    "owners",
    "pushers",
    "rule",
    "ruleset",
]
