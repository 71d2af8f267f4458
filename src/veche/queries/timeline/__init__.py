"""Timeline: single events, their surroundings, pages of history, relations, times."""

from veche.queries.timeline.reading import (
    Context,
    Messages,
    NearestEvent,
    context,
    event,
    event_by_time,
    messages,
)
from veche.queries.timeline.relating import Relations, relations

__all__ = [
    "Context",
    "Messages",
    "NearestEvent",
    "Relations",
    "context",
    "event",
    "event_by_time",
    "messages",
    "relations",
]
