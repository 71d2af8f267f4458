"""Notifications: editing push rules, the classes that follow from them, and the rows of those an event names."""

from veche.commands.notifications.classifying import classify, classify_rooms
from veche.commands.notifications.counting import count_named
from veche.commands.notifications.editing import add_rule, remove_rule, set_actions, set_enabled
from veche.commands.notifications.pushing import end_pushers, keep_places, remove_rejected, set_pusher
from veche.storage.notifications.pushers import Place

__all__ = [
    "Place",
    "add_rule",
    "classify",
    "classify_rooms",
    "count_named",
    "end_pushers",
    "keep_places",
    "remove_rejected",
    "remove_rule",
    "set_actions",
    "set_enabled",
    "set_pusher",
]
