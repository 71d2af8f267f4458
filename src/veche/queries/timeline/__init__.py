"""Timeline: single events, their surroundings, pages of history, relations, times."""

from veche.queries.timeline.reading import (
    Context,
    Messages,
    NearestEvent,
    context,
    event,
    event_by_time,
    event_of_any_room,
    messages,
)
from veche.queries.timeline.relating import Relations, relations
from veche.queries.timeline.threads import Threads, threads

__all__ = [
    "Context",
    "Messages",
    "NearestEvent",
    "Relations",
    "Threads",
    "context",
    "event",
    "event_by_time",
    "event_of_any_room",
    "messages",
    "relations",
    "threads",
]
