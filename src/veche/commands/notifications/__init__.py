"""Notifications: editing push rules, the classes that follow from them, and the rows of those an event names."""

from veche.commands.notifications.classifying import classify, classify_rooms
from veche.commands.notifications.counting import count_named
from veche.commands.notifications.editing import add_rule, remove_rule, set_actions, set_enabled

__all__ = [
    "add_rule",
    "classify",
    "classify_rooms",
    "count_named",
    "remove_rule",
    "set_actions",
    "set_enabled",
]
