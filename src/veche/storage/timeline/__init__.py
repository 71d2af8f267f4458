"""Timeline: events, their relations and threads. Appending, reading and redacting stand in files of their own."""

from veche.storage.timeline.appending import append, find_transaction
from veche.storage.timeline.reading import (
    around_time,
    at_positions,
    find,
    find_all,
    page,
)
from veche.storage.timeline.redacting import redact
from veche.storage.timeline.relating import RelatedEvent, children, children_of_any_kind, is_annotated

__all__ = [
    "RelatedEvent",
    "append",
    "around_time",
    "at_positions",
    "children",
    "children_of_any_kind",
    "find",
    "find_all",
    "find_transaction",
    "is_annotated",
    "page",
    "redact",
]
