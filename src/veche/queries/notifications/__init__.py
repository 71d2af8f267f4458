"""Notifications: somebody's push rules, and the events that named them."""

from veche.queries.notifications.listing import Notification, Notifications, notifications
from veche.queries.notifications.rules import rule, ruleset

__all__ = ["Notification", "Notifications", "notifications", "rule", "ruleset"]
