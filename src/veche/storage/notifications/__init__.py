"""Notifications: push rules and member classes in ``rules``, what is unread in ``counts``."""

from veche.storage.notifications.counts import (
    Mention,
    RoomCount,
    ThreadCount,
    add_own_count,
    has_redactions,
    joined_among,
    mentions,
    room_counts,
    thread_counts,
    unread_events,
)
from veche.storage.notifications.rules import ClassIn, classes_of, find_changes, put_changes, set_class

__all__ = [
    "ClassIn",
    "Mention",
    "RoomCount",
    "ThreadCount",
    "add_own_count",
    "classes_of",
    "find_changes",
    "has_redactions",
    "joined_among",
    "mentions",
    "put_changes",
    "room_counts",
    "set_class",
    "thread_counts",
    "unread_events",
]
