"""Timeline: events, their relations and threads. Appending, reading and redacting stand in files of their own."""

from veche.storage.timeline.appending import append, find_transaction
from veche.storage.timeline.reading import (
    after,
    around_time,
    at_positions,
    find,
    find_all,
    page,
)
from veche.storage.timeline.redacting import redact
from veche.storage.timeline.relating import (
    RelatedEvent,
    children,
    children_of_any_kind,
    descendants,
    is_annotated,
)
from veche.storage.timeline.threads import (
    Thread,
    ThreadSummary,
    thread_summaries,
    threads,
    threads_written_in,
    writers_before,
)

__all__ = [
    "RelatedEvent",
    "Thread",
    "ThreadSummary",
    "after",
    "append",
    "around_time",
    "at_positions",
    "children",
    "children_of_any_kind",
    "descendants",
    "find",
    "find_all",
    "find_transaction",
    "is_annotated",
    "page",
    "redact",
    "thread_summaries",
    "threads",
    "threads_written_in",
    "writers_before",
]
