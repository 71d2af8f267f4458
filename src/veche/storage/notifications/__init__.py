"""Notifications: push rules and member classes in ``rules``, what is unread in ``counts``, ``pushers``."""

from veche.storage.notifications.counts import (
    RoomCount,
    ThreadCount,
    add_own_count,
    has_redactions,
    joined_among,
    room_counts,
    thread_counts,
    uncount,
    unread_events,
)
from veche.storage.notifications.rules import ClassIn, classes_of, find_changes, put_changes, set_class

__all__ = [
    "ClassIn",
    "RoomCount",
    "ThreadCount",
    "add_own_count",
    "classes_of",
    "find_changes",
    "has_redactions",
    "joined_among",
    "put_changes",
    "room_counts",
    "set_class",
    "thread_counts",
    "uncount",
    "unread_events",
]
